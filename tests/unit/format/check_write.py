#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks that `check_files.py --write SUBJECT` rewrites that file of traces/invalid and no other.

usage: check_write.py LIST_ERRORS SOURCE_DIR
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

SPOILT, SCHEMA = b"-- schema: nobody\n", b"-- schema: rejects\n"
SCRIPT = pathlib.Path(__file__).with_name("check_files.py")


def make_source(source, copy):
    """A project whose traces/invalid can be written."""
    (copy / "traces").mkdir(parents=True)
    shutil.copytree(source / "traces" / "invalid", copy / "traces" / "invalid")
    for name in ("schemas", "traces/flags.json", "traces/revoked.txt", "traces/expectations"):
        (copy / name).symlink_to(source / name)


def write(program, source, *subjects):
    return subprocess.run([sys.executable, SCRIPT, program, source, "--write", *subjects],
                          capture_output=True, text=True, check=False)


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    findings = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        make_source(source, folder)
        files = {name: folder / "traces" / "invalid" / f"{name}.cases" for name in ("case", "suite")}
        good = {name: path.read_bytes() for name, path in files.items()}
        spoilt = {name: text.replace(SCHEMA, SPOILT, 1) for name, text in good.items()}
        for name, path in files.items():
            path.write_bytes(spoilt[name])
        write(program, folder, "case")
        if files["case"].read_bytes() != good["case"]:
            findings.append("case.cases is not what it was")
        if files["suite"].read_bytes() != spoilt["suite"]:
            findings.append("suite.cases was written")
        write(program, folder)
        if files["suite"].read_bytes() != good["suite"]:
            findings.append("suite.cases is not written without a subject")
        done = write(program, folder, "nothing")
        if done.returncode != 2 or "nothing.cases" not in done.stderr:
            findings.append(f"a subject that is none: exit code {done.returncode}, {done.stderr}")
    print("\n".join(findings))
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
