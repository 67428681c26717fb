#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the maps of traces/README.md: what they name exists, and each family is described.

usage: map.py TRACES_FOLDER
"""
import fnmatch
import json
import pathlib
import re
import sys

# `family/file#id` below manual/, or `generated/family/file`; ids may have `*`, names of files too.
REFERENCE = re.compile(r"`((?:\*|[a-z0-9-]+)(?:/(?:\*|[a-z0-9-]+))*)(?:#([a-z0-9*./_-]+))?`")
MAPS = re.compile(r"^## From .*$", re.MULTILINE)


def ids_of(path):
    """The ids of a trace file."""
    text = path.read_text()
    if path.suffix == ".jsonl":
        return [json.loads(line)["id"] for line in text.splitlines()[1:]]
    document = json.loads(text)
    return [case["id"] for case in document.get("cases", [document])]


def files_of(traces):
    """Names as the maps shorten them, with the ids."""
    files = {}
    for path in sorted(traces.glob("manual/*/*.trace.json")):
        name = path.relative_to(traces / "manual").as_posix()
        files[name.removesuffix(".trace.json")] = ids_of(path)
    for path in sorted(traces.glob("generated/*/*.trace.jsonl")):
        name = path.relative_to(traces).as_posix()
        files[name.removesuffix(".trace.jsonl")] = ids_of(path)
    return files


def is_found(files, name, pattern):
    """Whether a reference names a case, or at least a file."""
    for file, ids in files.items():
        wanted = f"{name}/*" if name == "*" else name
        if fnmatch.fnmatchcase(file, wanted):
            if pattern is None or fnmatch.filter(ids, pattern):
                return True
    return False


def references(text):
    """Line numbers and references of all tables below the first map."""
    first = text[: MAPS.search(text).start()].count("\n")
    for number, line in enumerate(text.splitlines(), start=1):
        if number > first and line.startswith("|"):
            cells = line.split("|")
            for match in REFERENCE.finditer(cells[2] if len(cells) > 2 else ""):
                yield number, match.group(1), match.group(2)


def main():
    traces = pathlib.Path(sys.argv[1])
    readme = traces / "README.md"
    text = readme.read_text()
    files = files_of(traces)
    errors = []
    count = 0
    for number, name, pattern in references(text):
        count += 1
        if not is_found(files, name, pattern):
            shown = name if pattern is None else f"{name}#{pattern}"
            errors.append(f"{readme}:{number}: no case is called {shown}")
    for family in sorted({name.split("/")[0] for name in files} - {"generated"}):
        if not re.search(rf"^\|[^|]*`{family}`[^|]*\|", text, re.MULTILINE):
            errors.append(f"{readme}: the family {family} is not described")
    print("\n".join(errors + [f"{count} references, {len(errors)} errors"]))
    return 1 if errors or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
