#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boots real firmware, looks at its capture, replays that.

usage: run.py boot VMM SCHEMA FOLDER        leaves FOLDER/*.cap.jsonl
       run.py flash VMM SCHEMA FOLDER       likewise: SeaBIOS, all of whose flash is emulated
       run.py uefi VMM SCHEMA FOLDER        likewise: OVMF
       run.py compare VMM FOLDER            each instruction beside Unicorn's
       run.py replay WHVTRACE FOLDER
FIRMWARE_WHOLE=1 makes uefi and compare go as far as it goes: minutes.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys

SEABIOS = pathlib.Path(os.environ.get("SEABIOS", "/usr/share/seabios"))
BIOSES = ["bios-256k.bin", "bios.bin"]  # of machines of today, of machines up to QEMU 1.7
VGA_BIOS = "vgabios-stdvga.bin"
# In this order; that the second drive comes first was chosen by keyboard.
SAID = ["SeaBIOS (version ", "Running on QEMU (i440fx)", "Found 1 cpu(s)", "Start SeaVGABIOS",
        "set VGA mode 3", "AHCI controller", "PS2 keyboard initialized", "ATA-4 Hard-Disk",
        "MEDIUM NOT PRESENT", "Press ESC for boot menu.", "Select boot device:",
        "Booting from DVD/CD...", "Booting from Hard Disk...", "not a bootable disk",
        "No bootable device.", "Rebooting."]
OVMF = pathlib.Path(os.environ.get("OVMF", "/usr/share/ovmf/OVMF.fd"))
PEI_CORE = 0x820000  # where SEC unpacks it to
WHOLE = os.environ.get("FIRMWARE_WHOLE", "0") != "0"
# Instructions in flash that are emulated, of 450 million: then Unicorn unpacks the rest.
UEFI_INSTRUCTIONS = 2_000_000_000 if WHOLE else 2_000_000
COMPARED = {"SeaBIOS": 6_000_000 if WHOLE else 200_000, "OVMF": 20_000_000 if WHOLE else 200_000,
            "DXE": 8_000_000}
DXE = "465000000"  # instructions, until drivers are loaded in RAM
# What only a virtual machine monitor can do: registers without a name, too. STI: until it has a row.
REFUSED = re.compile(r"^(CPUID|RDTSC|HLT)\b|\b(RDMSR|WRMSR)\b")
KINDS = ["in", "out", "ins", "outs", "load", "store"]
KEEP = 2  # cases of a kind
VALIDATED = 40  # lines of a shape; the validator is slow, and the rest is more of the same


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def shape(value):
    """What a line is without its values: keys, and how long lists are."""
    if isinstance(value, dict):
        return tuple((key, shape(value[key])) for key in sorted(value))
    return len(value) if isinstance(value, list) else 0


def validate(events, schema):
    import jsonschema
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
    shapes = collections.Counter()
    for event in events:
        key = shape(event)
        shapes[key] += 1
        if shapes[key] <= VALIDATED:
            validator.validate(event)


def run_vmm(vmm, arguments, **options):
    done = subprocess.run([vmm, *arguments], text=True, capture_output=True, check=False, **options)
    if done.returncode == 77:
        skip(done.stderr.strip())
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


def record(vmm, arguments, capture, guest):
    capture.unlink(missing_ok=True)
    env = dict(os.environ, WHV_CAPTURE_PATH=str(capture), WHV_CAPTURE_KEEP=str(KEEP),
               WHV_CAPTURE_GUEST=guest, WHV_CAPTURE_RING_BYTES="16M")
    output = run_vmm(vmm, arguments, env=env)
    header, *lines = capture.read_text().splitlines()
    return output, header, lines


def is_refused(event):
    return event["status"] == ["internal-failure"] and REFUSED.search(event["reason"])


def check_capture(schema, header, lines):
    """Every call has ended with success, or was refused with a reason."""
    events = [json.loads(line) for line in lines]
    ends = [event for event in events if event.get("cap") == "end"]
    for event in ends:
        assert event["hr"] == "S_OK" and (event["status"] == ["success"] or is_refused(event)), event
    assert ends and not any(event.get("cap") == "dropped" for event in events)
    validate([json.loads(header)] + events, schema)
    print(f"captured: {len(ends)} cases, {len(lines) + 1} lines\n")
    return sum(1 for event in ends if is_refused(event))


def check_counts(counts, *patterns):
    for pattern in patterns:
        assert re.search(pattern, counts, re.MULTILINE), f"no {pattern} in:\n{counts}"
    for count, reason in re.findall(r"^refused: (\d+) of (.*)$", counts, re.MULTILINE):
        assert REFUSED.search(reason), f"{count} times: {reason}"


def check_words(debug):
    at = 0
    for words in SAID:
        at = debug.find(words, at)
        assert at >= 0, f"{words!r} is missing:\n{debug}"


def seabios(bios):
    return [SEABIOS / bios, SEABIOS / VGA_BIOS]


def check_boot(vmm, schema, folder, bios):
    capture = folder / f"{bios.removesuffix('.bin')}.cap.jsonl"
    output, header, lines = record(vmm, seabios(bios), capture, f"SeaBIOS, {bios}")
    debug, _, counts = output.partition("\n---\n")
    print(f"{bios}:\n{counts}")
    check_words(debug)
    for kind in KINDS:
        assert int(re.search(rf"\b{kind} (\d+)", counts)[1]) > 0, f"no exit of kind {kind}"
    assert check_capture(schema, header, lines) == 0
    return output, lines


def need(*files):
    for file in files:
        if not file.is_file():
            skip(f"{file} is missing (packages seabios, ovmf)")


def boot(vmm, schema, folder):
    need(*(SEABIOS / bios for bios in BIOSES + [VGA_BIOS]))
    for bios in BIOSES:
        first = check_boot(vmm, pathlib.Path(schema), folder, bios)
    output, _, lines = record(vmm, seabios(BIOSES[-1]), folder / "again.cap.jsonl",
                              f"SeaBIOS, {BIOSES[-1]}")
    (folder / "again.cap.jsonl").unlink()
    assert (output, lines) == first, "a second run is not the same"


def flash(vmm, schema, folder):
    """Nothing that is seen depends on whether flash is executable."""
    need(*seabios(BIOSES[0]))
    plain, _, _ = run_vmm(vmm, seabios(BIOSES[0]), env=dict(os.environ, WHV_CAPTURE="0")).partition(
        "\n---\n")
    output, header, lines = record(vmm, ["--flash", "1000000000", *seabios(BIOSES[0])],
                                   folder / "flash.cap.jsonl", "SeaBIOS in flash")
    debug, _, counts = output.partition("\n---\n")
    print(counts)
    assert without_times(debug) == without_times(plain), debug
    check_counts(counts, r"execute \d{5}", r"in flash: \d{5}, modes: real protected$")
    check_capture(pathlib.Path(schema), header, lines)


def without_times(debug):
    return re.sub(r"CPU Mhz=.*|\b[0-9a-f]{8}\b|0x[0-9a-f]+", "N", debug)


def uefi(vmm, schema, folder):
    need(OVMF)
    output, header, lines = record(
        vmm, ["--uefi", "--flash", str(UEFI_INSTRUCTIONS), "--limit", "3000000000", "--until",
              hex(PEI_CORE), OVMF], folder / "uefi.cap.jsonl", "OVMF in flash")
    _, _, counts = output.partition("\n---\n")
    print(counts)
    check_counts(counts, r"in flash: \d{7,}, modes: real protected compatibility 64-bit$")
    check_capture(pathlib.Path(schema), header, lines)


def compare(vmm):
    need(OVMF, *seabios(BIOSES[0]))
    guests = [("SeaBIOS", seabios(BIOSES[0])), ("OVMF", ["--uefi", OVMF])]
    if WHOLE:
        guests.append(("DXE", ["--uefi", "--from", DXE, OVMF]))
    for guest, arguments in guests:
        count = COMPARED[guest]
        output = run_vmm(vmm, ["--compare", str(count), "--limit", "1000000000", *arguments],
                         env=dict(os.environ, WHV_CAPTURE="0"))
        print(f"{guest}: {output}")
        check_counts(output, r"\b0 different")
        assert int(re.search(r"(\d+) the same", output)[1]) > count * 9 // 10


def replay(program, folder):
    captures = sorted(folder.glob("*.cap.jsonl"))
    if not captures:
        skip("there is no capture")
    for capture in captures:
        cases = sum('"cap":"begin"' in line for line in capture.open())
        for options in [], ["--strict"]:
            corpus = folder / f"{capture.name.removesuffix('.cap.jsonl')}.trace.jsonl"
            subprocess.run([program, "import", *options, capture, "-o", corpus], check=True)
            done = subprocess.run([program, "run", corpus], text=True, capture_output=True,
                                  check=False)
            print(done.stdout + done.stderr)
            assert done.returncode == 0 and f"{cases} passed, 0 failed" in done.stdout
            corpus.unlink()


def main():
    verb, program, *rest = sys.argv[1:]
    folder = pathlib.Path(rest[-1])
    folder.mkdir(parents=True, exist_ok=True)
    if verb == "replay":
        replay(program, folder)
    elif verb == "compare":
        compare(program)
    else:
        {"boot": boot, "flash": flash, "uefi": uefi}[verb](program, rest[0], folder)


main()
