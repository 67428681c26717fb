#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the recorder of KVM's exits makes of them, and that the VMM sees the same without it.

usage: run.py VMM RECORDER FAKE_KVM SCHEMA

Expected values are hand-written: what the processor's manuals say the instruction does.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

VMM, RECORDER, FAKE = sys.argv[1:4]
SCHEMA = jsonschema.Draft202012Validator(json.loads(pathlib.Path(sys.argv[4]).read_text()))
SANITIZED = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}

RAM = "ram 0 0 100000\n"
LONG = ("regs cr0=80000011 cr3=1000 cr4=20 efer=500 cs.l=1\n"
        # Identity, but for a page at 0x9000 and devices at 0xa000, 0xb000 and 0x600000.
        "poke 1000 0320000000000000\npoke 2000 0330000000000000\n"       # PML4, PDPT
        "poke 3000 0340000000000000\npoke 3018 8310c0fe00000000\n"       # 0 and 0x600000: 2 MiB
        "poke 4008 0310000000000000\npoke 4040 0380000000000000\n"       # 0x1000, 0x8000
        "poke 4048 0350000000000000\n"                                   # 0x9000 is at 0x5000
        "poke 4050 03b00a0000000000\npoke 4058 03d00a0000000000\n")      # 0xa000, 0xb000: a device
REAL = "regs cs.base=0 cr0=10\n"


class Machine:
    """Runs scripts, with the recorder and without."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.errors = ""

    def run_vmm(self, script, recorder, name, **environment):
        (self.folder / "script").write_text(script)
        log = self.folder / f"{name}.log"
        env = dict(os.environ, **SANITIZED, LD_PRELOAD=":".join(recorder + [FAKE]),
                   FAKE_KVM=str(self.folder / "script"), FAKE_KVM_LOG=str(log),
                   WHV_CAPTURE_VERBOSE="1", **environment)
        done = subprocess.run([VMM], env=env, cwd=self.folder, text=True, capture_output=True,
                              timeout=60)
        assert done.returncode == 0, (done.stdout, done.stderr)
        self.errors = done.stderr
        return done.stdout, log.read_text()

    def record(self, script, **environment):
        """The cases, each as a list of its events; checks that the guest takes the same course."""
        plain = self.run_vmm(script, [], "plain", **environment)
        recorded = self.run_vmm(script, [RECORDER], "recorded", **environment)
        hidden = [line for line in recorded[0].splitlines() if line.startswith("capability ")]
        assert hidden == ["capability 3: 1", "capability 15: 0", "capability 162: 0",
                          "capability 36: 0"], hidden
        assert plain[0].splitlines()[4:] == recorded[0].splitlines()[4:], (plain, recorded)
        assert plain[1] == recorded[1], (plain[1], recorded[1])
        return self.cases()

    def cases(self):
        cases = []
        text = (self.folder / "whv.cap.jsonl").read_text()
        assert text.endswith("\n")
        for line in text.splitlines():
            event = json.loads(line)
            SCHEMA.validate(event)
            if event.get("cap") == "begin":
                cases.append([event])
            elif event.get("cap") != "hdr":
                cases[-1].append(event)
        return cases

    def counts(self):
        """Of the recorder's last words, by their names."""
        words = self.errors.split("whvcapture: ")[-1].replace(";", ",").split(", ")
        return {word.split()[-1]: int(word.split()[0]) for word in words}


def accesses(case):
    found = []
    for event in case[1:-2]:
        if "mem" in event:
            found.append((event["mem"], event["gpa"], event["data"]))
        elif "io" in event:
            found.append((event["io"], event["port"], event["data"]))
        else:
            found.append(("page", event["translate"], event["gpa"]))
    return found


def after(case):
    return case[-2]["set"]


def test_a_load_is_observed(machine):
    case, = machine.record(
        RAM + REAL + "poke 8000 8b07\nregs rip=8000 rbx=1000 rax=5 es.base=b8000\n"
        "exit mmio read 1000 2\nanswer 3412\nafter rax=1234 rip=8002\n")
    begin, read, set_, end = case
    assert begin["kind"] == "mmio" and begin["vp"] == 0 and "reconstructed" not in begin
    assert begin["context"]["rip"] == "0x8000" and begin["context"]["instruction_length"] == 2
    assert begin["access"]["bytes"].startswith("8b 07 00") and begin["access"]["byte_count"] == 16
    assert begin["access"]["info"] == "0xc" and begin["access"]["gpa"] == "0x1000"
    assert begin["access"]["gva"] == "0x1000" and begin["init"]["rax"] == "0x5"
    assert read == {"n": 0, "hr": "S_OK", "mem": "read", "gpa": "0x1000", "size": 2,
                    "data": "34 12"}
    assert set_["set"] == {"rax": "0x1234", "rip": "0x8002"}
    assert end["status"] == ["success"] and end["reconstructed"] is True


def test_the_header_says_that_there_is_no_emulator(machine):
    machine.record(RAM)
    header = json.loads((machine.folder / "whv.cap.jsonl").read_text())
    assert "no emulator" in header["source"]["tool"] and "emulator" not in header["source"]
    assert header["source"]["vmm"] == "kvm_fake_vmm" and header["source"]["os"]


def test_a_retired_store_is_reconstructed(machine):
    # 66 89 47 04: mov [bx+4], eax. The bytes 47 04 before RIP are no instruction that fits.
    case, = machine.record(
        RAM + REAL + "poke 8000 66894704\nregs rip=8004 rbx=2000 rax=11223344\n"
        "exit mmio write 2004 4 44332211\n")
    begin = case[0]
    assert begin["reconstructed"] is True and begin["context"]["rip"] == "0x8000"
    assert begin["access"]["info"] == "0xd" and begin["context"]["instruction_length"] == 4
    assert accesses(case) == [("write", "0x2004", "44 33 22 11")]
    assert after(case) == {"rip": "0x8004"}


def test_a_prefix_that_matters_belongs_to_the_store(machine):
    # 26 89 07: mov es:[bx], ax. Without the first byte it would be a store elsewhere.
    case, = machine.record(
        RAM + REAL + "poke 8000 268907\nregs rip=8003 rbx=100 rax=7 es.base=b8000\n"
        "exit mmio write b8100 2 0700\n")
    assert case[0]["context"]["rip"] == "0x8000" and case[0]["access"]["gpa"] == "0xb8100"


def test_a_prefix_that_does_not_matter_is_left_out(machine):
    case, = machine.record(RAM + REAL + "poke 8000 3e8907\nregs rip=8003 rbx=2000 rax=7\n"
                           "exit mmio write 2000 2 0700\n")
    assert case[0]["context"]["rip"] == "0x8001"


def test_16_bit_addresses_keep_the_upper_half(machine):
    # aa: stosb, from offset 0 down.
    case, = machine.record(
        RAM + REAL + "poke 8000 aa\nregs rip=8001 rax=41 rdi=1234ffff es.base=b8000 rflags=402\n"
        "exit mmio write b8000 1 41\n")
    assert case[0]["init"]["rdi"] == "0x12340000" and after(case)["rdi"] == "0x1234ffff"


def test_a_store_of_another_value_is_not_explained(machine):
    cases = machine.record(RAM + REAL + "poke 8000 8907\nregs rip=8002 rbx=2000 rax=1111\n"
                           "exit mmio write 2000 2 2222\n")
    assert cases == [] and machine.counts()["unexplained"] == 1


def test_a_store_to_another_address_is_not_explained(machine):
    cases = machine.record(RAM + REAL + "poke 8000 8907\nregs rip=8002 rbx=2000 rax=1111\n"
                           "exit mmio write 2002 2 1111\n")
    assert cases == [] and machine.counts()["unexplained"] == 1


def test_an_unknown_instruction_is_not_explained(machine):
    cases = machine.record(RAM + REAL + "poke 8000 d907\nregs rip=8000 rbx=2000\n"  # fld
                           "exit mmio read 2000 4\nanswer 00000000\nafter rip=8002\n"
                           "regs rip=8000\nexit mmio read 90000000 4\nafter rip=8002\n")
    assert cases == [] and machine.counts()["unexplained"] == 2


def test_pages_are_walked(machine):
    # 48 8b 03: mov rax, [rbx]; the code is on a page that is elsewhere.
    case, = machine.record(
        RAM + LONG + "poke 5ffe 488b\npoke 8000 03\npoke 6000 03\nregs rip=9ffe rbx=600010\n"
        "poke 4050 0360000000000000\n"
        "exit mmio read fec00010 8\nanswer 0102030405060708\nafter rax=807060504030201 rip=a001\n")
    begin = case[0]
    assert begin["access"]["gva"] == "0x600010" and begin["access"]["gpa"] == "0xfec00010"
    assert begin["access"]["bytes"].startswith("48 8b 03") and begin["access"]["byte_count"] == 16
    assert begin["context"]["execution_state"] == "0x14"
    assert after(case) == {"rax": "0x807060504030201", "rip": "0xa001"}


def test_32_bit_page_tables(machine):
    tables = "poke 1000 03200000\npoke 1bec 830000fe\npoke 2020 03500000\n"
    case, = machine.record(
        RAM + tables + "poke 5000 8b03\nregs cr0=80000011 cr3=1000 cr4=10 cs.db=1 rip=8000 "
        "rbx=becd1234\nexit mmio read fe0d1234 4\nanswer 01000000\nafter rax=1 rip=8002\n")
    assert case[0]["access"]["gva"] == "0xbecd1234" and after(case)["rax"] == "0x1"


def test_pae_page_tables(machine):
    tables = ("poke 1020 0120000000000000\npoke 2000 0340000000000000\npoke 2018 8300c0fe00000000\n"
              "poke 4040 0350000000000000\n")
    case, = machine.record(
        RAM + tables + "poke 5000 8b03\nregs cr0=80000011 cr3=1020 cr4=20 cs.db=1 rip=8000 "
        "rbx=600004\nexit mmio read fec00004 4\nanswer 01000000\nafter rax=1 rip=8002\n")
    assert case[0]["access"]["gpa"] == "0xfec00004" and after(case)["rax"] == "0x1"


def test_a_load_across_two_pages_is_one_case(machine):
    case, = machine.record(
        RAM + LONG + "poke 8000 8b03\nregs rip=8000 rbx=affe\n"
        "exit mmio read abffe 2\nanswer 0102\nmore\nexit mmio read ad000 2\nanswer 0304\n"
        "after rax=4030201 rip=8002\n")
    assert accesses(case) == [("read", "0xabffe", "01 02"), ("page", "0xb000", "0xad000"),
                              ("read", "0xad000", "03 04")]


def test_sixteen_bytes_are_two_exits(machine):
    # 0f 11 0b: movups [rbx], xmm1
    case, = machine.record(
        RAM + LONG + "poke 8000 0f110b\nregs rip=8003 rbx=600000 xmm1=1122334455667788\n"
        "exit mmio write fec00000 8 8877665544332211\nmore\n"
        "exit mmio write fec00008 8 0000000000000000\n")
    assert [access[1] for access in accesses(case)] == ["0xfec00000", "0xfec00008"]
    assert case[0]["init"]["xmm1"] == "0x1122334455667788" and case[0]["reconstructed"]


def test_a_read_and_a_write_of_one_instruction(machine):
    # 01 07: add [bx], ax
    case, = machine.record(
        RAM + REAL + "poke 8000 0107\nregs rip=8000 rbx=1000 rax=2 rflags=2\n"
        "exit mmio read 1000 2\nanswer ffff\nmore\nexit mmio write 1000 2 0100\n"
        "after rip=8002 rflags=13\n")
    assert "reconstructed" not in case[0] and case[0]["access"]["info"] == "0xc"
    assert accesses(case) == [("read", "0x1000", "ff ff"), ("write", "0x1000", "01 00")]
    assert after(case) == {"rip": "0x8002", "rflags": "0x13"}


def test_in_and_out(machine):
    # e4 71: in al, 71h. ee: out dx, al, retired as KVM's emulator does, and before it as hardware.
    in_, retired, before = machine.record(
        RAM + REAL + "poke 8000 e471\npoke 8010 ee\npoke 8020 66ef\nregs rip=8000 rax=ff00\n"
        "exit in 71 1 1\nanswer 5a\nafter rax=ff5a rip=8002\n"
        "regs rip=8011 rdx=3f8\nexit out 3f8 1 5a\n"
        "regs rip=8020 rax=12345678\nexit out 3f8 4 78563412\nafter rip=8022\n")
    assert in_[0]["kind"] == "io" and in_[0]["access"]["info"] == "0x2"
    assert accesses(in_) == [("in", "0x71", "0x5a")] and after(in_)["rax"] == "0xff5a"
    assert retired[0]["reconstructed"] and retired[0]["context"]["rip"] == "0x8010"
    assert retired[0]["access"]["info"] == "0x3" and retired[0]["access"]["rax"] == "0xff5a"
    assert "reconstructed" not in before[0] and before[0]["context"]["rip"] == "0x8020"
    assert accesses(before) == [("out", "0x3f8", "0x12345678")]


def test_rep_stos_is_one_case(machine):
    turns = "".join(f"regs rip=8000 rcx={2 - i} rdi={0x102 + 2 * i:x}\n"
                    f"exit mmio write b8{0x100 + 2 * i:x} 2 2007\n" for i in range(3))
    case, = machine.record(RAM + REAL + "poke 8000 f3ab\nregs es.base=b8000 rax=720 rflags=10002\n"
                           + turns)
    assert case[0]["reconstructed"] and case[0]["init"]["rcx"] == "0x3"
    assert case[0]["init"]["rdi"] == "0x100" and case[0]["context"]["rflags"] == "0x2"
    assert [access[1] for access in accesses(case)] == ["0xb8100", "0xb8102", "0xb8104"]
    assert after(case) == {"rcx": "0x0", "rdi": "0x106", "rip": "0x8002"}


def test_rep_movs_tells_the_memory_it_reads(machine):
    # Downwards, from the end of a page to the one before it.
    turns = "".join(f"regs rip=8000 rcx={1 - i} rsi={0x8fff - i:x} rdi={0xff - i:x}\n"
                    f"exit mmio write b8{0x100 - i:03x} 1 {0x41 + i:x}\n" for i in range(2))
    case, = machine.record(RAM + REAL + "poke 8000 f3a4\npoke 8fff 4241\n"
                           "regs es.base=b8000 rflags=402\n" + turns)
    assert accesses(case) == [
        ("page", "0x9000", "0x9000"), ("read", "0x9000", "41"), ("write", "0xb8100", "41"),
        ("page", "0x8000", "0x8000"), ("read", "0x8fff", "42"), ("write", "0xb80ff", "42")]
    assert case[0]["init"]["rsi"] == "0x9000" and case[0]["init"]["rdi"] == "0x100"
    assert after(case)["rsi"] == "0x8ffe" and after(case)["rip"] == "0x8002"


def test_movs_from_device_to_device(machine):
    case, = machine.record(
        RAM + REAL + "poke 8000 a5\nregs rip=8000 rsi=1000 rdi=2000 ds.base=b8000 es.base=b8000\n"
        "exit mmio read b9000 2\nanswer 0102\nmore\nexit mmio write ba000 2 0102\n"
        "after rsi=1002 rdi=2002 rip=8001\n")
    assert accesses(case) == [("read", "0xb9000", "01 02"), ("page", "0xba000", "0xba000"),
                              ("write", "0xba000", "01 02")]


def test_movs_to_memory_tells_what_it_writes(machine):
    case, = machine.record(
        RAM + REAL + "poke 8000 a4\nregs rip=8000 rsi=1000 rdi=9000 ds.base=b8000\n"
        "exit mmio read b9000 1\nanswer 5a\nafter rsi=1001 rdi=9001 rip=8001\n")
    assert accesses(case)[-1] == ("write", "0x9000", "5a") and "reconstructed" not in case[0]


def test_rep_ins_of_one_exit_is_split(machine):
    case, = machine.record(
        RAM + REAL + "poke 8000 f36d\nregs rip=8000 rcx=2 rdx=1f0 rdi=9fff\n"
        "exit in 1f0 2 2\nanswer 01020304\nafter rcx=0 rdi=a003\n")
    assert accesses(case) == [
        ("in", "0x1f0", "0x201"), ("page", "0x9000", "0x9000"), ("write", "0x9fff", "01"),
        ("page", "0xa000", "0xa000"), ("write", "0xa000", "02"),
        ("in", "0x1f0", "0x403"), ("write", "0xa001", "03 04")]
    assert case[0]["access"]["info"] == "0x34" and after(case)["rip"] == "0x8002"


def test_outs_tells_the_memory_it_reads(machine):
    case, = machine.record(
        RAM + REAL + "poke 8000 6e\npoke 9000 41\nregs rip=8001 rsi=9001 rdx=402\n"
        "exit out 402 1 41\n")
    assert accesses(case) == [("page", "0x9000", "0x9000"), ("read", "0x9000", "41"),
                              ("out", "0x402", "0x41")]
    assert after(case) == {"rsi": "0x9001", "rip": "0x8001"}


def test_a_rep_that_is_left_is_no_case(machine):
    cases = machine.record(
        RAM + REAL + "poke 8000 f3ab\npoke 8010 e471\nregs es.base=b8000 rax=720 rip=8000 rcx=2 "
        "rdi=102\nexit mmio write b8100 2 2007\nregs rip=8010\nexit in 71 1 1\nanswer 00\n"
        "after rax=700 rip=8012\n")
    assert [case[0]["kind"] for case in cases] == ["io"] and machine.counts()["interrupted"] == 1


def test_a_rep_that_is_too_long_is_counted(machine):
    data = 1024 * "00"
    turns = "".join(f"regs rip=8000 rcx={0x2000 - 0x400 * i:x} rdi=0\nexit in 1f0 1 400\n"
                    f"after rcx={0x1c00 - 0x400 * i:x} rdi=400\n" for i in range(8))
    cases = machine.record(RAM + REAL + "poke 8000 f36c\nregs rdx=1f0\n" + turns)
    assert cases == [] and machine.counts()["long"] == 1, (data, machine.errors)


def test_first_ones_and_powers_of_two_are_kept(machine):
    load = "regs rip=8000\nexit in 71 1 1\nanswer 00\nafter rip=8002\n"
    cases = machine.record(RAM + REAL + "poke 8000 e471\n" + 40 * load, WHV_CAPTURE_KEEP="3")
    assert len(cases) == 3 + len([4, 8, 16, 32])
    assert machine.counts()["repeated"] == 40 - 7


def test_memory_that_is_gone_is_not_looked_at(machine):
    cases = machine.record(RAM + "ram 1 200000 1000\npoke 200000 8b07\ndrop 1\n" + REAL +
                           "regs cs.base=200000 rip=0 rbx=1000\nexit mmio read 1000 2\n"
                           "answer 0000\nafter rip=2\n")
    assert cases == [] and machine.counts()["unexplained"] == 1


def test_a_slot_can_move(machine):
    case, = machine.record("ram 0 200000 1000\nram 0 0 10000\n" + REAL + "poke 8000 8b07\n"
                           "regs rip=8000 rbx=1000 rax=1\nexit mmio read 1000 2\nanswer 0000\n"
                           "after rax=0 rip=8002\n")
    assert after(case)["rax"] == "0x0"


def test_signals_between(machine):
    case, = machine.record(RAM + REAL + "poke 8000 8b07\nregs rip=8000 rbx=1000\nkick\n"
                           "exit mmio read 1000 2\nanswer 3412\nafter rax=1234 rip=8002\nkick\n")
    assert after(case)["rax"] == "0x1234"


def test_a_vmm_that_completes_by_itself(machine):
    # With immediate_exit set by the VMM, KVM_RUN is to complete the access and return EINTR.
    load = "regs rip=8000\nexit mmio read 1000 2\nanswer 3412\nafter rax=1234 rip=8002\n"
    cases = machine.record(RAM + REAL + "poke 8000 8b07\nregs rbx=1000\n" + 3 * load,
                           FAKE_VMM_STOPS="1")
    assert [after(case)["rip"] for case in cases] == 3 * ["0x8002"]


def test_a_vmm_that_sets_registers_meanwhile(machine):
    cases = machine.record(RAM + REAL + "poke 8000 8b07\nregs rip=8000 rbx=1000\n"
                           "exit mmio read 1000 2\nanswer 3412\nafter rax=1234 rip=8002\n",
                           FAKE_VMM_SETS="1")
    assert cases == [] and machine.counts()["interrupted"] == 1


def test_recording_can_be_turned_off(machine):
    machine.run_vmm(RAM + REAL + "poke 8000 8b07\nregs rip=8000 rbx=1000\n"
                    "exit mmio read 1000 2\nanswer 3412\nafter rip=8002\n", [RECORDER], "off",
                    WHV_CAPTURE="0")
    assert not (machine.folder / "whv.cap.jsonl").exists()


def main():
    failed = 0
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    for name, test in tests:
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(folder)
            try:
                test(machine)
            except Exception as error:  # each test is judged, whatever another does
                failed += 1
                print(f"{name.replace('_', ' ')}: {type(error).__name__}: {error}")
                print(machine.errors, end="")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
