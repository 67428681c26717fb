#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks that the README shows what the program prints today.

The first fenced block after the heading "What a failure looks like" starts with the command, `$ whvtrace
...`. It is run in the project's folder; the path of the faulty emulators stands there as that of the dev
build. With --bless the block is rewritten.
"""

import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys

HEADING = "## What a failure looks like"
SHOWN = "build/dev/tests/integration/faulty"


def find_block(text):
    """The block's content as (start, end), without its fences."""
    start = text.index("\n```", text.index(HEADING)) + 1
    start = text.index("\n", start) + 1
    return start, text.index("\n```", start) + 1


def tidy(line):
    return re.sub(r"\(\d+\.\d+ s\)", "(0.00 s)", line)


def run(args, command):
    env = dict(os.environ, LC_ALL="C")
    env["PATH"] = str(args.program.resolve().parent) + os.pathsep + env["PATH"]
    done = subprocess.run(["sh", "-c", command.replace(SHOWN, args.faulty)], cwd=args.root, env=env,
                          capture_output=True, text=True, timeout=100)
    return [tidy(line.replace(args.faulty, SHOWN)) for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--faulty", required=True)
    parser.add_argument("--root", required=True, type=pathlib.Path)
    parser.add_argument("--bless", action="store_true")
    args = parser.parse_args()
    readme = args.root / "README.md"
    text = readme.read_text(encoding="utf-8")
    start, end = find_block(text)
    command, *shown = text[start:end].splitlines()
    if not command.startswith("$ whvtrace "):
        sys.exit("the block does not start with a command")
    printed = run(args, command[2:])
    if args.bless:
        readme.write_text(text[:start] + "\n".join([command] + printed) + "\n" + text[end:],
                          encoding="utf-8")
    elif shown != printed:
        print("\n".join(difflib.unified_diff(shown, printed, "README.md", "program", lineterm="")))
        sys.exit(1)


if __name__ == "__main__":
    main()
