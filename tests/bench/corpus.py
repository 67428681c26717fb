# SPDX-License-Identifier: MIT
"""How fast traces are read and replayed: the captures of traces/, many times over."""

import collections
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import counts

ROOT = counts.ROOT
CAPTURED = ROOT / "traces" / "captured"
RECORDED = ROOT / "tests" / "integration" / "data" / "three-calls.cap.jsonl"
RECORDED_LINES = 12  # the third call fails, which would be said at length
CASES = 100_000  # what the big corpus holds at least
REPEATS = 3

Speed = collections.namedtuple("Speed", "cases wall cpu peak")


def captures():
    """The compressed captures, in order."""
    return sorted(CAPTURED.glob("*.trace.jsonl.gz"))


def lines(path):
    """Header and cases of one capture."""
    header, *cases = gzip.decompress(path.read_bytes()).decode().splitlines()
    if "defaults" in json.loads(header):
        sys.exit(f"{path}: the cases of a header with defaults cannot be put into another file")
    return header, cases


def copies(folder, times):
    """A folder of that name with every capture so many times, and the known gaps. How many cases it holds."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "captured").mkdir(parents=True)
    shutil.copytree(ROOT / "traces" / "expectations", folder / "expectations")
    shutil.copy(ROOT / "traces" / "flags.json", folder)
    total = 0
    for path in captures():
        total += times * len(lines(path)[1])
        for i in range(times):
            shutil.copy(path, folder / "captured" / path.name.replace(".trace", f"-{i}.trace", 1))
    return total


def stream(path, times, step=1):
    """One compressed file with every so manieth case of all captures, so many times. How many cases."""
    total = 0
    with gzip.open(path, "wt", compresslevel=1) as out:
        out.write('{"format": "whv-trace/1.0", "suite": "stream"}\n')
        for i in range(times):
            for capture in captures():
                for line in lines(capture)[1][::step]:
                    out.write(line.replace('{"id": "', f'{{"id": "{i}-', 1) + "\n")
                    total += 1
    return total


def peaks(pid, found):
    """Notes the largest memory so far, in MB, of a process and of its children."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has ended
        return
    high = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
    if high:
        found[pid] = int(high.group(1)) / 1024
    for child in children:
        peaks(int(child), found)


def timed(command, cases):
    """Runs a command; its times and memory, children included, of the quickest of a few runs."""
    best = None
    for _ in range(REPEATS):
        memory = {}
        begin = time.monotonic()
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
        pid = 0
        while pid == 0:
            peaks(process.pid, memory)
            time.sleep(0.005)
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit {process.returncode}")
        speed = Speed(cases, time.monotonic() - begin, usage.ru_utime + usage.ru_stime,
                      sum(memory.values()))
        best = min(best or speed, speed, key=lambda s: s.cpu)
    return best


def retired(program, path):
    """Instructions with which `check` reads a case: (of two copies - of one) / cases. A run cannot be counted so:
    it starts itself again through /proc/self/exe, which is valgrind there."""
    cases = stream(path, 1, step=10)
    few = counts.total([program, "check", path])
    stream(path, 2, step=10)
    return (counts.total([program, "check", path]) - few) / cases


def capture(path, times):
    """A capture with the recorded calls of tests/integration that succeed, so many times. How many calls."""
    calls = RECORDED.read_text().splitlines(True)[:RECORDED_LINES]
    path.write_text("".join(calls) * times)
    return times * sum('"cap":"begin"' in line for line in calls)


def imports(program, folder):
    """The rows of `import`, and of the replay of what it makes."""
    recorded = folder / "recorded.cap.jsonl"
    made = folder / "recorded.trace.jsonl"
    command = [program, "import", recorded, "-o", made]
    calls = capture(recorded, 1000)
    few = counts.total(command)
    capture(recorded, 2000)
    cost = (counts.total(command) - few) / calls
    calls = capture(recorded, -(-CASES * 1000 // calls))
    return [("whvtrace import", f"{cost:.0f}", timed(command, calls)),
            ("whvtrace run -j 1, of that", "-", timed([program, "run", "-q", "-j", "1", made], calls))]


def table(build):
    """The lines to print."""
    program = build / "bin" / "whvtrace"
    folder = build / "traces"
    one = folder / "stream.trace.jsonl.gz"
    check, run = [program, "check"], [program, "run", "-q", "-j", "1"]

    times = -(-CASES // copies(folder, 1))
    cost = f"{retired(program, one):.0f}"
    cases = copies(folder, times)
    rows = [("whvtrace check", cost, timed([*check, folder / "captured"], cases)),
            ("whvtrace run -j 1", "-", timed([*run, folder / "captured"], cases))]
    for few in (1, times):
        cases = stream(one, few)
        rows.append(("whvtrace check, one stream", "-", timed([*check, one], cases)))
    rows += imports(program, folder)
    yield (f"{'captured cases':<32}{'retired':>9}{'cases':>11}{'a second':>10}{'of CPU':>8}"
           f"{'peak MB':>9}")
    for name, instructions, speed in rows:
        yield (f"{name:<32}{instructions:>9}{speed.cases:>11}{speed.cases / speed.wall:>10.0f}"
               f"{speed.cases / speed.cpu:>8.0f}{speed.peak:>9.1f}")
    shutil.rmtree(folder)
