# SPDX-License-Identifier: MIT
"""The figures that are committed, and what changed since."""

import collections

from counts import Figure

TOLERANCE = 0.05

Findings = collections.namedtuple("Findings", "failures notes")

HEAD = """\
# Instructions retired and callbacks for each emulated instruction, for REP for each iteration.
# `./dev bench --bless` writes this file, `./dev bench --check` compares with it.
# compiler: {}
"""


def text(compiler, figures):
    """The file."""
    rows = (f"{figure.retired:9.1f} {figure.callbacks:9g}  {name}\n" for name, figure in figures.items())
    return HEAD.format(compiler) + "".join(rows)


def parse(content):
    """Its compiler and {name: Figure}."""
    compiler, figures = "", {}
    for line in content.splitlines():
        if line.startswith("# compiler: "):
            compiler = line.removeprefix("# compiler: ")
        elif line and not line.startswith("#"):
            retired, callbacks, name = line.split(None, 2)
            figures[name] = Figure(float(retired), float(callbacks))
    return compiler, figures


def change(name, what, before, after):
    """One finding: figure, before, after."""
    return f"{name}: {what}: {before:g} before, {after:g} now ({(after - before) / before:+.1%})"


def compare(old_compiler, old, new_compiler, new):
    """What is worse, as failures; what is better, or cannot be compared, as notes."""
    failures, notes = [], []
    if old_compiler != new_compiler:
        notes.append(f"baseline is of {old_compiler}, this is {new_compiler}: "
                     "instructions retired are not compared")
    for name in sorted(old.keys() ^ new.keys()):
        where = "not in the baseline" if name in new else "in the baseline alone"
        failures.append(f"{name}: {where}; ./dev bench --bless rewrites it")
    for name in (name for name in new if name in old):
        before, after = old[name], new[name]
        if after.callbacks > before.callbacks:
            failures.append(change(name, "callbacks", before.callbacks, after.callbacks))
        if old_compiler != new_compiler:
            continue
        if after.retired > before.retired * (1 + TOLERANCE):
            failures.append(change(name, "instructions retired", before.retired, after.retired))
        elif after.retired < before.retired * (1 - TOLERANCE):
            notes.append(change(name, "instructions retired, better", before.retired, after.retired))
    return Findings(failures, notes)
