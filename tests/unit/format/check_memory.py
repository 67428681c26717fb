#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that the loader's memory does not grow with what a file decompresses to.

usage: check_memory.py LIST_ERRORS [--without-limits]

A line of 1 GiB is refused at the bound of a document, and the line after it is still checked. A
corpus of 128 MiB is read in the memory of one case. --without-limits leaves the memory unmeasured:
sanitizers have their own.
"""

import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import zlib

MIB = 1 << 20
DOCUMENT = 64 * MIB
OVERHEAD = 40 * MIB  # this script before it becomes the program, and the program itself
HEADER = b'{"format": "whv-trace/1.0"}\n'
CASES = 256


def member(data):
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def write_corpus(path):
    """Cases with a note of half a MiB each."""
    case = {"code": "90", "exit": {"kind": "mmio", "access": "read", "gpa": "0x0"},
            "expect": {"calls": []}, "note": "n" * (MIB // 2)}
    with path.open("wb") as file:
        file.write(member(HEADER))
        for number in range(CASES):
            file.write(member(json.dumps({"id": str(number), **case}).encode() + b"\n"))
        file.write(member(b"{}\n"))


def write_bomb(path):
    """One line of 1 GiB, then a line that is wrong."""
    blanks = member(b" " * (16 * MIB))
    with path.open("wb") as file:
        file.write(member(HEADER))
        for _ in range(64):
            file.write(blanks)
        file.write(member(b"\n[]\n"))


def run(program, path, limit):
    """Returns the messages, and what is wrong with the memory."""
    done = subprocess.run([program, str(path)], check=True, stdout=subprocess.PIPE)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    messages = done.stdout.decode().strip("\n").split("\n")[1:]
    print(f"{path.name}: {path.stat().st_size} bytes, {used / MIB:.1f} MiB of memory, {messages}")
    return messages, [f"more than {limit / MIB} MiB of memory"] if limit and used > limit else []


def main():
    program = sys.argv[1]
    has_limits = "--without-limits" not in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        corpus = pathlib.Path(folder) / "corpus.trace.jsonl.gz"
        bomb = pathlib.Path(folder) / "bomb.trace.jsonl.gz"
        write_corpus(corpus)
        write_bomb(bomb)
        # The least first: the most that any child used is all that can be asked for.
        messages, findings = run(program, corpus, OVERHEAD if has_limits else None)
        if not all(message.startswith(f"{CASES + 2}:1 ") for message in messages) or not messages:
            findings.append("the last line is the one that is wrong")
        messages, more = run(program, bomb, DOCUMENT + OVERHEAD if has_limits else None)
        if messages != ["2:1  found a document of more than 64 MiB, expected a smaller one",
                        "3:1  found a list, expected an object"]:
            findings.append("one line is too long, the next is wrong")
    print("\n".join(findings + more))
    return 1 if findings or more else 0


if __name__ == "__main__":
    sys.exit(main())
