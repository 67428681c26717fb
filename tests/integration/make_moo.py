#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes MOO files as their specification (dbalsom/moo, version 1.1) describes them, with tests worked out by hand
from the manuals. It knows nothing of the program's reader.

usage: make_moo.py 8088|286|386 FILE      a good file
       make_moo.py cut FILE FOLDER        the file cut at every length up to 700 bytes, and at every 41st beyond
       make_moo.py damage FILE FOLDER N   N copies with random bytes changed; prints nothing
"""

import gzip
import pathlib
import random
import struct
import sys

REGS16 = "ax bx cx dx cs ss ds es sp bp si di ip flags".split()
REGS32 = "cr0 cr3 ax bx cx dx si di bp sp cs ds es fs gs ss ip flags dr6 dr7".split()
CPUS = {"8088": b"8088", "286": b"C286", "386": b"386E"}
BUS = {"8088": {"IOR": 1, "IOW": 2, "MEMR": 3, "MEMW": 4, "HALT": 5, "CODE": 6, "PASV": 7},
       "286": {"HALT": 4, "MEMR": 5, "MEMW": 6, "PASV": 7, "IOR": 9, "IOW": 10, "CODE": 13},
       "386": {"IOR": 2, "IOW": 3, "CODE": 4, "HALT": 5, "MEMR": 6, "MEMW": 7, "PASV": 1}}


def chunk(kind, payload):
    return kind.encode() + struct.pack("<I", len(payload)) + payload


def counted(kind, payload, count=None):
    return chunk(kind, struct.pack("<I", len(payload) if count is None else count) + payload)


class Cpu:
    def __init__(self, name):
        self.name = name
        self.order, self.form = (REGS32, "I") if name == "386" else (REGS16, "H")

    def regs(self, kind, values):
        mask = sum(1 << i for i, reg in enumerate(self.order) if reg in values)
        return chunk(kind, struct.pack("<" + self.form, mask) + b"".join(
            struct.pack("<" + self.form, values[reg]) for reg in self.order if reg in values))

    def state(self, kind, values, ram, extra=b""):
        entries = b"".join(struct.pack("<IB", a, v) for a, v in ram)
        return chunk(kind, self.regs("RG32" if self.form == "I" else "REGS", values) + extra +
                     counted("RAM ", entries, len(ram)) + counted("QUEU", b""))

    def cycle(self, ale, address, bus, state, data=0, bhe=1):
        pins0 = ale | (bhe << 1 if self.name != "8088" else 0) | 8
        return struct.pack("<BIBBBBHBBBB", pins0, address, 3, 0, 0, 1, data, BUS[self.name][bus], state, 0, 0)

    def transfer(self, bus, address, size, value):
        """One access; words at odd addresses, and all on a narrow bus, take two transfers."""
        if size > 1 and (self.name == "8088" or address & 1):
            return b"".join(self.transfer(bus, address + i, 1, value >> 8 * i & 255) for i in range(size))
        if size == 4:
            return self.transfer(bus, address, 2, value & 65535) + self.transfer(bus, address + 2, 2, value >> 16)
        if self.name == "8088":
            return (self.cycle(1, address, bus, 1) + self.cycle(0, address, bus, 2) +
                    self.cycle(0, address, "PASV", 3, value) + self.cycle(0, address, "PASV", 4, 0x55aa))
        lane = value << 8 | 0x5a if address & 1 else value if size == 2 else value | 0x5a00
        bhe = 0 if size == 2 or address & 1 else 1
        later = "PASV" if self.name == "286" else bus  # what the status pins show in Tc
        return self.cycle(1, address, bus, 1, 0x1234, bhe) + self.cycle(0, 0xffffff, later, 2, lane, bhe)

    def test(self, index, name, code, regs, ram, final, after, accesses, exception=None, mask=None, extra=b""):
        full = dict.fromkeys(self.order, 0)
        full.update(cs=0x1000, ip=0x100, ss=0x2000, sp=0x800, ds=0x3000, es=0x4000, flags=0xf002)
        full.update(regs)
        code = bytes.fromhex(code)
        length = len(code)
        if self.name != "8088":
            code += b"\xf4"
            final = dict(final, ip=final.get("ip", full["ip"] + length) + 1)
        else:
            final = dict(final, ip=final.get("ip", full["ip"] + length))
        start = full["cs"] * 16 + full["ip"]
        ram = [(start + i, b) for i, b in enumerate(code)] + ram
        cycles = self.transfer("CODE", start & ~1, 1, code[0]) + b"".join(
            self.transfer(*access) for access in accesses)
        if self.name != "8088":
            cycles += self.cycle(1, 2, "HALT", 1)
        masks = self.regs("RM32" if self.form == "I" else "RMSK", mask) if mask else b""
        parts = (counted("NAME", name.encode()) + counted("BYTS", code) + self.state("INIT", full, ram) +
                 self.state("FINA", final, after, masks) + counted("CYCL", cycles, len(cycles) // 15) + extra)
        if exception is not None:
            parts += chunk("EXCP", struct.pack("<BI", exception, 0x207fa))
        return chunk("TEST", struct.pack("<I", index) + parts + chunk("HASH", bytes([index] * 20)))


def tests(cpu):
    """DS is 0x3000: an offset x is address 0x30000 + x."""
    t = lambda *a, **k: made.append(cpu.test(len(made), *a, **k))
    made = []
    t("add [bx],al", "00 07", {"ax": 0x22, "bx": 0x10}, [(0x30010, 0xf0)], {"flags": 0xf007}, [(0x30010, 0x12)],
      [("MEMR", 0x30010, 1, 0xf0), ("MEMW", 0x30010, 1, 0x12)])
    t("mov ax,[si]", "8b 04", {"si": 0x21}, [(0x30021, 0x34), (0x30022, 0x12)], {"ax": 0x1234}, [],
      [("MEMR", 0x30021, 2, 0x1234)])
    t("mov [di],cx", "89 0d", {"di": 0x30, "cx": 0xbeef}, [], {}, [(0x30030, 0xef), (0x30031, 0xbe)],
      [("MEMW", 0x30030, 2, 0xbeef)])
    t("and byte [bx],al: AF undefined, a file may mask more", "20 07", {"ax": 0xf0, "bx": 0x10}, [(0x30010, 0x80)],
      {"flags": 0xf0ff}, [(0x30010, 0x80)], [("MEMR", 0x30010, 1, 0x80), ("MEMW", 0x30010, 1, 0x80)],
      mask={"flags": 0xff80})
    t("rep movsb", "f3 a4", {"cx": 3, "si": 0x40, "di": 0x50}, [(0x30040, 1), (0x30041, 2), (0x30042, 3)],
      {"cx": 0, "si": 0x43, "di": 0x53}, [(0x40050, 1), (0x40051, 2), (0x40052, 3)],
      [(b, a, 1, v) for i, v in ((0, 1), (1, 2), (2, 3)) for b, a in (("MEMR", 0x30040 + i), ("MEMW", 0x40050 + i))])
    t("push word [bx]", "ff 37", {"bx": 0x60}, [(0x30060, 0x78), (0x30061, 0x56)], {"sp": 0x7fe},
      [(0x207fe, 0x78), (0x207ff, 0x56)], [("MEMR", 0x30060, 2, 0x5678), ("MEMW", 0x207fe, 2, 0x5678)])
    t("in al,dx", "ec", {"dx": 0x3f8, "ax": 0x1100}, [], {"ax": 0x115a}, [], [("IOR", 0x3f8, 1, 0x5a)])
    t("in ax,dx", "ed", {"dx": 0x3f9}, [], {"ax": 0x6b5a}, [], [("IOR", 0x3f9, 2, 0x6b5a)])
    t("out 80h,ax", "e7 80", {"ax": 0xcafe}, [], {}, [], [("IOW", 0x80, 2, 0xcafe)])
    t("xlat", "d7", {"bx": 0x5f, "ax": 0x0001}, [(0x30060, 0x99)], {"ax": 0x99}, [],
      [("MEMR", 0x30060, 1, 0x99)])
    t("unknown chunk", "8a 07", {"bx": 0x10}, [(0x30010, 0x80)], {"ax": 0x80}, [], [("MEMR", 0x30010, 1, 0x80)],
      extra=chunk("ABCD", b"whatever"))
    if cpu.name == "8088":
        t("20 bits: ds:bx is 0x100010", "8a 07", {"ds": 0xffff, "bx": 0x20}, [(0x10, 0x77)], {"ax": 0x77}, [],
          [("MEMR", 0x10, 1, 0x77)])
        t("word at offset ffff", "8b 07", {"bx": 0xffff}, [(0x3ffff, 0x11), (0x30000, 0x22)], {"ax": 0x2211}, [],
          [("MEMR", 0x3ffff, 1, 0x11), ("MEMR", 0x30000, 1, 0x22)])
        t("shift by 33 is no shift by 1", "d3 07", {"cx": 33, "bx": 0}, [(0x30000, 1), (0x30001, 0)], {}, [],
          [("MEMR", 0x30000, 2, 1), ("MEMW", 0x30000, 2, 0)])
        t("div by 0", "f6 37", {"bx": 0}, [(0x30000, 0)], {"cs": 0x5000, "ip": 0}, [], [("MEMR", 0x30000, 1, 0)])
    if cpu.name == "386":
        t("add dword [ebx*4+4],eax", "66 67 01 04 9d 04 00 00 00", {"ax": 1, "bx": 3},
          [(0x30010, 0xff), (0x30011, 0xff), (0x30012, 0xff), (0x30013, 0xff)], {"flags": 0xfffcf057},
          [(0x30010, 0), (0x30011, 0), (0x30012, 0), (0x30013, 0)],
          [("MEMR", 0x30010, 4, 0xffffffff), ("MEMW", 0x30010, 4, 0)])
        t("in eax,dx", "66 ed", {"dx": 0x3f8}, [], {"ax": 0x89abcdef}, [], [("IOR", 0x3f8, 4, 0x89abcdef)])
        t("mov fs,[bx]", "8e 27", {"bx": 0}, [(0x30000, 0x34), (0x30001, 0x12)], {"fs": 0x1234}, [],
          [("MEMR", 0x30000, 2, 0x1234)])
    if cpu.name != "8088":
        t("an exception", "8b 07", {"bx": 0xffff}, [], {"cs": 0, "ip": 0}, [], [("MEMR", 0x34, 2, 0)], exception=13)
    t("no memory operand", "01 d8", {"ax": 1, "bx": 1}, [], {"ax": 2}, [], [])
    t("no cycles", "8a 07", {"bx": 0x10}, [(0x30010, 0x80)], {"ax": 0x80}, [], [])
    return made


def moo_file(name):
    cpu = Cpu(name)
    made = tests(cpu)
    minor = 1 if name == "386" else 0
    head = chunk("MOO ", struct.pack("<BBHI", 1, minor, 0, len(made)) + CPUS[name].ljust(4))
    meta = chunk("META", struct.pack("<BBBI8sIQB3x", 1, 0, 0, 0xffffffff, b"mixed   ", len(made), 1, 0))
    masks = cpu.regs("RM32", {"dx": 0xffffffff}) if name == "386" else b""
    return head + meta + masks + b"".join(made)


def main():
    what, path = sys.argv[1:3]
    if what in CPUS:
        data = moo_file(what)
        with (gzip.open if path.endswith(".gz") else open)(path, "wb") as file:
            file.write(data)
        return
    data = pathlib.Path(path).read_bytes()
    folder = pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    if what == "cut":
        for size in list(range(min(700, len(data)))) + list(range(700, len(data), 41)):
            (folder / f"{size:06}.MOO").write_bytes(data[:size])
        return
    for i in range(int(sys.argv[4])):
        bad = bytearray(data)
        dice = random.Random(i)
        for _ in range(dice.choice((1, 1, 2, 5, 40))):
            bad[dice.randrange(len(bad))] = dice.choice((0, 1, 0x7f, 0x80, 0xff, dice.randrange(256)))
        (folder / f"{i:06}.MOO").write_bytes(bad)


main()
