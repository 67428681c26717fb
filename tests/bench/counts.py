# SPDX-License-Identifier: MIT
"""Counting with callgrind: what measure.h marks, and whole runs of a program."""

import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

Figure = collections.namedtuple("Figure", "retired callbacks")

# glibc picks its memory and string functions by what the processor can do. These are switched off, so
# that every machine counts the same ones.
TUNABLES = "glibc.cpu.hwcaps=" + ",".join(
    "-" + name for name in ("AVX512F", "AVX512VL", "AVX512BW", "AVX2", "AVX", "AVX_Fast_Unaligned_Load",
                            "Fast_Unaligned_Copy", "ERMS", "FSRM", "RTM", "BMI2", "SSSE3", "SSE4_1", "SSE4_2"))


def profiles(command):
    """Runs a command and its children under callgrind. Yields (trigger, instructions) of every profile."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--quiet", "--trace-children=yes",
             f"--callgrind-out-file={folder}/%p", *map(str, command)],
            env={**os.environ, "GLIBC_TUNABLES": TUNABLES}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        for path in pathlib.Path(folder).iterdir():
            with path.open() as lines:
                head = "".join(line for line, _ in zip(lines, range(30)))
            trigger = re.search(r"^desc: Trigger: (.*)$", head, re.M)
            summary = re.search(r"^summary: (\d+)", head, re.M)
            if trigger and summary:
                yield trigger.group(1), int(summary.group(1))


def per_iteration(command):
    """{scenario: instructions of one iteration}, from the pairs of profiles that measure.h asks for."""
    found = collections.defaultdict(dict)
    for trigger, retired in profiles(command):
        label = re.fullmatch(r"Client Request: (\d+) (.*)", trigger)
        if label:
            found[label.group(2)][int(label.group(1))] = retired
    cost = {}
    for name, by_count in found.items():
        few, many = sorted(by_count)
        cost[name] = (by_count[many] - by_count[few]) / (many - few)
    return cost


def total(command):
    """Instructions of a command and its children from beginning to end."""
    return sum(retired for _, retired in profiles(command))


def scenarios(program):
    """{scenario: (iterations, callbacks) of one call} in the order of the table, and the compiler."""
    lines = subprocess.run([program, "list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    compiler, *rows = lines.splitlines()
    fields = (row.split("\t") for row in rows)
    return {name: (int(elements), int(callbacks)) for name, elements, callbacks in fields}, compiler


def emulator(program):
    """{scenario: Figure for one iteration}, and the compiler's name."""
    calls, compiler = scenarios(program)
    cost = per_iteration([program, "measure"])
    return {name: Figure(cost[name], callbacks / elements)
            for name, (elements, callbacks) in calls.items()}, compiler


def unicorn(program):
    """{scenario: instructions of one iteration} for those that Unicorn takes part in."""
    return per_iteration([program]) if program.exists() else {}
