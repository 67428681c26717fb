#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boots real firmware, looks at its capture, replays that.

usage: run.py boot VMM SCHEMA FOLDER        leaves FOLDER/*.cap.jsonl
       run.py replay WHVTRACE FOLDER
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


def record(vmm, bios, capture):
    capture.unlink(missing_ok=True)
    env = dict(os.environ, WHV_CAPTURE_PATH=str(capture), WHV_CAPTURE_KEEP=str(KEEP),
               WHV_CAPTURE_GUEST=f"SeaBIOS, {bios}")
    done = subprocess.run([vmm, SEABIOS / bios, SEABIOS / VGA_BIOS], env=env, text=True,
                          capture_output=True, timeout=280, check=False)
    if done.returncode == 77:
        skip(done.stderr.strip())
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    header, *lines = capture.read_text().splitlines()
    return done.stdout, header, lines


def check_boot(vmm, schema, folder, bios):
    capture = folder / f"{bios.removesuffix('.bin')}.cap.jsonl"
    output, header, lines = record(vmm, bios, capture)
    debug, _, counts = output.partition("\n---\n")
    print(f"{bios}:\n{counts}")
    at = 0
    for words in SAID:
        at = debug.find(words, at)
        assert at >= 0, f"{words!r} is missing:\n{debug}"
    for kind in KINDS:
        assert int(re.search(rf"\b{kind} (\d+)", counts)[1]) > 0, f"no exit of kind {kind}"
    events = [json.loads(line) for line in lines]
    ends = [event for event in events if event.get("cap") == "end"]
    assert ends and all(event["hr"] == "S_OK" and event["status"] == ["success"] for event in ends)
    assert not any(event.get("cap") == "dropped" for event in events)
    validate([json.loads(header)] + events, schema)
    print(f"captured: {len(ends)} cases, {len(lines) + 1} lines\n")
    return output, lines


def boot(vmm, schema, folder):
    for bios in BIOSES + [VGA_BIOS]:
        if not (SEABIOS / bios).is_file():
            skip(f"{SEABIOS / bios} is missing (package seabios)")
    for bios in BIOSES:
        first = check_boot(vmm, pathlib.Path(schema), folder, bios)
    output, _, lines = record(vmm, BIOSES[-1], folder / "again.cap.jsonl")
    (folder / "again.cap.jsonl").unlink()
    assert (output, lines) == first, "a second run is not the same"


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
    if verb == "boot":
        boot(program, rest[0], folder)
    else:
        replay(program, folder)


main()
