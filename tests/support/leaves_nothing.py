#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs tests that write files, and checks that they do so in TMPDIR and leave nothing there.

usage: leaves_nothing.py PROGRAM...
"""

import os
import pathlib
import subprocess
import sys
import tempfile


def findings_of(program):
    with tempfile.TemporaryDirectory() as folder:
        before = os.stat(folder).st_mtime_ns
        done = subprocess.run([program, "--jobs", "1"], env={**os.environ, "TMPDIR": folder},
                              capture_output=True, check=False)
        if done.returncode != 0:
            yield f"exit code {done.returncode}"
        left = sorted(path.name for path in pathlib.Path(folder).iterdir())
        if left:
            yield f"left {', '.join(left)}"
        if os.stat(folder).st_mtime_ns == before:
            yield "wrote nothing into TMPDIR"


def main():
    findings = [f"{pathlib.Path(program).name}: {finding}"
                for program in sys.argv[1:] for finding in findings_of(program)]
    print("\n".join(findings))
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
