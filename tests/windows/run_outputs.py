#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files that the program writes on Windows: tests/integration/outputs.py has all of it, this the part
that a source file of its own does there.

usage: run_outputs.py FOLDER     the folder of the mingw64 build; WINE names another wine
"""

import os
import pathlib
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(sys.argv[1])
WINE = [] if os.name == "nt" else [os.environ.get("WINE", "wine")]
CORPUS = """\
{"format":"whv-trace/1.0"}
{"id":"a", "code":"8903", "init": {"rbx": "0xfee000b0"}, "exit": {"kind": "mmio", "access": "write", \
"gpa": "0xfee000b0"}, "expect": {"regs": {"rip": "+2"}, "calls": [{"mem": "write", "gpa": \
"0xfee000b0", "data": "00 00 00 00"}]}}
"""


def run(folder, code, *arguments):
    done = subprocess.run([*WINE, str(BUILD / "bin" / "whvtrace.exe"), *arguments], cwd=folder,
                          env=dict(os.environ, WINEDEBUG="-all"), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    if done.returncode != code:
        sys.exit(f"{arguments}: exit code {done.returncode}, expected {code}\n"
                 f"{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode() + done.stderr.decode()


def expect(condition, what):
    if not condition:
        sys.exit(what)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        source = folder / "in.trace.jsonl"
        source.write_text(CORPUS)
        os.link(source, folder / "hard.trace.jsonl")
        for output in ("hard.trace.jsonl", "IN.trace.jsonl", ".\\in.trace.jsonl"):
            text = run(folder, 2, "dedupe", "in.trace.jsonl", "-o", output)
            expect("is read and cannot be written" in text or "which is read" in text, text)
            expect(source.read_text() == CORPUS, f"{output}: the input was written")
        for _ in range(2):
            run(folder, 0, "dedupe", "in.trace.jsonl", "-o", "out.trace.jsonl")
        made = (folder / "out.trace.jsonl").read_bytes()
        (folder / "out.trace.jsonl").write_bytes(made.replace(b'"id": "a"', b'"id": "b"'))
        run(folder, 2, "dedupe", "in.trace.jsonl", "-o", "out.trace.jsonl")
        run(folder, 0, "dedupe", "in.trace.jsonl", "-o", "out.trace.jsonl", "--force")
        expect((folder / "out.trace.jsonl").read_bytes() == made, "another corpus with --force")
        run(folder, 7, "dedupe", "in.trace.jsonl", "-o", "none\\out.trace.jsonl")
        run(folder, 0, "fmt", "in.trace.jsonl")
        run(folder, 0, "fmt", "--check", "in.trace.jsonl")
        run(folder, 0, "run", "in.trace.jsonl", "--report", "tap=a.tap", "--report", "json=NUL")
        run(folder, 2, "run", "in.trace.jsonl", "--report", "tap=A.tap", "--report", "json=a.tap")
        run(folder, 0, "new", "--asm", "nop", "x.trace.json")
        run(folder, 1, "new", "--asm", "nop", "x.trace.json")
        names = sorted(os.listdir(folder))
        expect(names == ["a.tap", "hard.trace.jsonl", "in.trace.jsonl", "out.trace.jsonl",
                         "x.trace.json"], f"left: {names}")


if __name__ == "__main__":
    main()
