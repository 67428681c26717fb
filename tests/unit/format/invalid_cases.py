#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads the inputs that a loader must refuse, traces/invalid/*.cases, and makes files of them.

usage: invalid_cases.py INVALID_DIR FOLDER

Writes each input to FOLDER under its name, and what is expected of it to NAME.expect. In a file
SUBJECT.cases each input is a block:

    == SUBJECT-what-is-wrong.trace.json
    the input, as it is
    -- schema: rejects
    line:column pointer text

The last line stands once for each message. A block without lines of input has it in the file of
that name beside SUBJECT.cases. Blank lines after a block are no part of it.
"""

import pathlib
import sys

NAME, EXPECTED = b"== ", b"--"
ENDINGS = (".trace.json", ".trace.jsonl", ".trace.jsonl.gz", ".expectations.json")


class Case:
    """An input: its name, its bytes, whether they stand in the block, and what is expected."""

    def __init__(self, name):
        self.name = name
        self.data = b""
        self.is_inside = False
        self.expected = []


def read(path):
    """The cases of a .cases file in their order; those with a file of their own lack their data."""
    cases = []
    is_input = False
    lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    for number, line in enumerate([*lines, NAME], 1):
        if line.startswith(NAME):
            if is_input:
                raise ValueError(f"{path}:{number}: {cases[-1].name} has no line '-- schema: '")
            cases.append(Case(line.removeprefix(NAME).decode()))
            is_input = True
        elif not cases:
            raise ValueError(f"{path}:{number}: expected a line '== NAME'")
        elif not is_input:
            cases[-1].expected += [line.decode()] if line else []
        elif line.startswith(EXPECTED):
            cases[-1].expected.append(line.removeprefix(EXPECTED).strip().decode())
            is_input = False
        else:
            cases[-1].data += line + b"\n"
            cases[-1].is_inside = True
    return cases[:-1]


def write(path, cases):
    """Writes a .cases file anew."""
    blocks = (NAME + case.name.encode() + b"\n" + (case.data if case.is_inside else b"") +
              EXPECTED + b" " + "\n".join(case.expected).encode() + b"\n" for case in cases)
    path.write_bytes(b"\n".join(blocks))


def read_all(folder):
    """Maps each .cases file of a folder to its cases, all with their data."""
    files = {path: read(path) for path in sorted(folder.glob("*.cases"))}
    unnamed = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    unnamed -= {path.name for path in files}
    names = set()
    for path, cases in files.items():
        for case in cases:
            if not case.name.startswith(path.stem + "-") or not case.name.endswith(ENDINGS):
                raise ValueError(f"{path}: {case.name}: expected {path.stem}-SOMETHING with one of "
                                 "these endings: " + " ".join(ENDINGS))
            if case.name in names:
                raise ValueError(f"{path}: {case.name}: occurs twice")
            if case.is_inside == (case.name in unnamed):
                raise ValueError(f"{path}: {case.name}: expected either lines of input or a file "
                                 "of this name")
            if not case.is_inside:
                case.data = (folder / case.name).read_bytes()
            names.add(case.name)
    unnamed -= names | {"README.md"}
    if unnamed:
        raise ValueError(f"{folder}: no .cases file names these: " + " ".join(sorted(unnamed)))
    return files


def unpack(cases, folder):
    """Makes files of cases: NAME and NAME.expect."""
    for case in cases:
        (folder / case.name).write_bytes(case.data)
        (folder / (case.name + ".expect")).write_text("\n".join(case.expected) + "\n",
                                                      encoding="utf-8")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for cases in read_all(pathlib.Path(sys.argv[1])).values():
            unpack(cases, folder)
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
