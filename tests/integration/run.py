#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs one test of the whvtrace program, written as a readable file:

    # What the test shows.
    $ whvtrace run store.trace.json --emulator $FAULTY/wrong_data.so
    exit 1
    stdout
        FAIL ...
    stderr
        ...

The command runs in data/ by way of the shell, with `whvtrace` on its path. $FAULTY is the folder of the
faulty emulators, $SHARED the built-in emulator as a shared library, $TMP a fresh folder, $DATA the
folder data/. Output is indented by four columns; "..." on a line of its own stands for any lines,
within a line for any characters. Times are replaced by "T s", dates by DATE, digests by DIGEST, the
host in a report's header by HOST. stdout and stderr may be left out: then
they must be empty. A file may hold several commands, each with a comment above it. With --bless the
file is rewritten to hold what happened. A test with a comment that says "Needs a pseudo-terminal." is
skipped where there is none (a bare chroot), and one that says "Needs ptrace." where nothing can be traced.
"""

import argparse
import difflib
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile

SKIPPED = 77


def parse(text):
    """Splits a test into steps of {comment, command, exit, stdout, stderr}."""
    comment, steps, current = [], [], None
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append({"comment": comment, "command": line[2:], "exit": 0, "stdout": [],
                          "stderr": []})
            comment, current = [], None
        elif line.startswith("#"):
            comment.append(line)
            current = None
        elif line.startswith("exit "):
            steps[-1]["exit"] = int(line[5:])
        elif line in ("stdout", "stderr"):
            current = steps[-1][line]
        elif current is not None and (line.startswith("    ") or not line):
            current.append(line[4:])
        elif line:
            sys.exit(f"cannot read line: {line}")
    for step in steps:
        for name in ("stdout", "stderr"):
            while step[name] and not step[name][-1]:
                step[name].pop()
    return steps


def line_matches(want, got):
    pattern = ".*".join(re.escape(part) for part in want.split("..."))
    return re.fullmatch(pattern, got) is not None


def lines_match(want, got):
    """A line "..." stands for any number of lines."""
    if not want:
        return not got
    if want[0].strip() == "...":
        return any(lines_match(want[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and line_matches(want[0], got[0]) and lines_match(want[1:], got[1:])


def tidy(text, replacements):
    for path, name in replacements:
        # Markdown has a backslash before punctuation.
        text = re.sub("".join(c if c.isalnum() else r"\\?" + re.escape(c) for c in path),
                      lambda _, name=name: name, text)
    text = re.sub(r"\d+\.\d+ s\b", "T s", text)
    text = re.sub(r"\b\d{4}\\?-\d\d\\?-\d\dT\d\d:\d\d:\d\dZ", "DATE", text)
    text = re.sub(r"(SHA\\?-256 |')[0-9a-f]{64}\b", r"\1DIGEST", text)
    text = re.sub(r"^(td: |\| host \| )(Linux|Windows|FreeBSD|Darwin) .*?( \|)?$", r"\1HOST\3", text,
                  flags=re.M)
    return [line.rstrip() for line in text.splitlines()]


def environment(args, scratch, data):
    env = dict(os.environ, FAULTY=args.faulty, SHARED=args.shared, TMP=scratch, DATA=str(data),
               LC_ALL="C")
    env["PATH"] = str(pathlib.Path(args.program).resolve().parent) + os.pathsep + env["PATH"]
    # A crash of a faulty emulator shall look the same under sanitizers.
    env["ASAN_OPTIONS"] = "handle_segv=0:handle_abort=0:handle_sigbus=0:allow_user_segv_handler=1"
    env["WHVTRACE_STATE"] = "/nowhere"
    env.pop("CI", None)
    env.pop("NO_COLOR", None)
    env.pop("FORCE_COLOR", None)
    return env


def run_step(step, args, scratch, data):
    replacements = [(args.faulty, "$FAULTY"), (args.shared, "$SHARED"), (scratch, "$TMP"),
                    (str(data), "$DATA")]
    done = subprocess.run(["sh", "-c", step["command"]], cwd=data,
                          env=environment(args, scratch, data), capture_output=True, text=True,
                          errors="replace", timeout=100)
    return {"comment": step["comment"], "command": step["command"], "exit": done.returncode,
            "stdout": tidy(done.stdout, replacements), "stderr": tidy(done.stderr, replacements)}


def differences(want, got):
    if want["exit"] != got["exit"]:
        yield f"exit code {got['exit']}, expected {want['exit']}"
    for name in ("stdout", "stderr"):
        if not lines_match(want[name], got[name]):
            yield "\n".join([f"{name} differs:"] + list(
                difflib.unified_diff(want[name], got[name], "expected", "actual", lineterm="")))


def render(steps):
    lines = []
    for step in steps:
        lines += step["comment"] + [f"$ {step['command']}", f"exit {step['exit']}"]
        for name in ("stdout", "stderr"):
            if step[name]:
                lines += [name] + [("    " + line).rstrip() for line in step[name]]
    return "\n".join(lines) + "\n"


def keep_dots(want, got):
    """Lines that a test leaves open stay so."""
    for name in ("stdout", "stderr"):
        open_lines = [line for line in want[name] if "..." in line and line.strip() != "..."]
        got[name] = [next((line for line in open_lines if line_matches(line, new)), new) for new in got[name]]
    return got


def has_pseudo_terminal():
    try:
        for descriptor in pty.openpty():
            os.close(descriptor)
    except OSError:
        return False
    return True


def has_ptrace():
    traced = pathlib.Path(__file__).resolve().parent / "traced.py"
    return subprocess.run([sys.executable, traced, "true"], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--faulty", required=True)
    parser.add_argument("--shared", required=True)
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("test", type=pathlib.Path)
    args = parser.parse_args()
    data = args.test.resolve().parent.parent / "data"
    text = args.test.read_text()
    if "Needs a pseudo-terminal." in text and not has_pseudo_terminal():
        print("skipped: no pseudo-terminal here")
        return SKIPPED
    if "Needs ptrace." in text and not has_ptrace():
        print("skipped: no process may be traced here")
        return SKIPPED
    steps = parse(text)
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        results = [run_step(step, args, scratch, data) for step in steps]
    if args.bless:
        args.test.write_text(render([keep_dots(*pair) for pair in zip(steps, results)]))
        return 0
    for want, got in zip(steps, results):
        for text in differences(want, got):
            print(f"$ {want['command']}\n{text}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
