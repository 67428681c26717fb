#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Instructions retired and callbacks for each emulated instruction, what the recorder adds, and the speed
of reading traces.

usage: run.py BUILD_FOLDER [--check | --bless]

Without an option it prints both, beside Unicorn's figures. --check compares ours with baseline.txt:
exit 1 if one is more than 5 % worse, or if there are more callbacks. --bless rewrites the file.
"""

import argparse
import pathlib
import sys

import baseline
import corpus
import counts
import recorder

BASELINE = pathlib.Path(__file__).resolve().parent / "baseline.txt"


def table(figures, unicorn):
    """The lines that the README of the emulator shows."""
    yield f"{'instruction':<32}{'retired':>9}{'callbacks':>11}{'Unicorn':>10}{'ratio':>8}"
    for name, figure in figures.items():
        other = unicorn.get(name)
        theirs = f"{other:>10.0f}{other / figure.retired:>8.1f}" if other else f"{'-':>10}{'-':>8}"
        yield f"{name:<32}{figure.retired:>9.0f}{figure.callbacks:>11g}{theirs}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bless", action="store_true")
    options = parser.parse_args()

    program = options.build / "bin" / "bench"
    figures, compiler = counts.emulator(program)
    if options.bless:
        BASELINE.write_text(baseline.text(compiler, figures))
        print(f"wrote {len(figures)} figures to {BASELINE.name}")
        return 0
    if options.check:
        findings = baseline.compare(*baseline.parse(BASELINE.read_text()), compiler, figures)
        for line in findings.notes + findings.failures:
            print(line)
        print(f"{len(figures)} figures, {len(findings.failures)} worse than {BASELINE.name}")
        return 1 if findings.failures else 0

    unicorn = counts.unicorn(options.build / "bin" / "bench_unicorn")
    for line in table(figures, unicorn):
        print(line)
    print()
    for line in recorder.table(options.build, figures):
        print(line)
    print()
    for line in corpus.table(options.build):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
