# SPDX-License-Identifier: MIT
"""What the recorder adds to an exit, in instructions retired."""

import os
import pathlib
import tempfile

import counts

SCENARIOS = ("mov eax, [rbx]", "mov [rbx], eax", "add [rbx], eax", "in al, dx", "rep movsb")


def cost(program, name, keep):
    """Instructions of one call, with so many cases kept of those that are alike."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(WHV_CAPTURE_PATH=str(pathlib.Path(folder) / "x.cap.jsonl"),
                          WHV_CAPTURE_KEEP=str(keep), WHV_CAPTURE_RING_BYTES="4M")
        return counts.per_iteration([program, "measure", name])[name]


def table(build, figures):
    """Lines; figures are those of the emulator alone."""
    program = build / "bin" / "bench_recorded"
    if not program.exists():
        return
    calls, _ = counts.scenarios(build / "bin" / "bench")
    yield f"{'the recorder adds to a call':<32}{'seen before':>13}{'written':>10}"
    for name in SCENARIOS:
        elements = calls[name][0]
        alone = figures[name].retired * elements
        seen, written = (cost(program, name, keep) * elements - alone for keep in (1, 10**9))
        label = name if elements == 1 else f"{name}, {elements} iterations"
        yield f"{label:<32}{seen:>13.0f}{written:>10.0f}"
