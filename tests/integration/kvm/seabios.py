#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Some seconds of SeaBIOS under the real KVM; skipped where that, or QEMU, cannot be used.

usage: seabios.py GUESTS RECORDER SCHEMA
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

GUESTS, RECORDER = sys.argv[1:3]
SCHEMA = jsonschema.Draft202012Validator(json.loads(pathlib.Path(sys.argv[3]).read_text()))
SKIPPED = 77
SECONDS = "6"
VALIDATED = 2000  # lines; the validator is slow
OPCODES = {"e4": "in", "e6": "out", "ec": "in", "ee": "out"}


def main():
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["/usr/bin/python3", GUESTS, "--library", RECORDER, "--into", folder,
                               "--seconds", SECONDS, "seabios-q35"], text=True, capture_output=True)
        print(done.stdout, done.stderr, sep="")
        if done.returncode == SKIPPED:
            return SKIPPED
        assert done.returncode == 0
        events = [json.loads(line) for line in
                  (pathlib.Path(folder) / "seabios-q35.cap.jsonl").read_text().splitlines()]
    for event in events[:VALIDATED]:
        SCHEMA.validate(event)
    seen = set()
    for begin, first in zip(events, events[1:]):
        if begin.get("cap") != "begin":
            continue
        opcode = OPCODES.get(begin["access"]["bytes"][:2])
        assert opcode is None or first["io"] == opcode, (begin, first)
        seen.add(opcode or begin["kind"])
    assert {"in", "out"} <= seen, seen
    assert sum(event.get("cap") == "end" for event in events) > 20
    return 0


if __name__ == "__main__":
    sys.exit(main())
