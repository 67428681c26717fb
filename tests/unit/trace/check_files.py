#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares loader and schemas over the traces of the project.

usage: check_files.py LIST_ERRORS SOURCE_DIR [--write]

Every file of traces/invalid has a NAME.expect: `schema: rejects` or `schema: cannot-see`, then the
loader's messages, one per line as `line:column pointer text`. Where the text is JSON, the place must
be one where positions.py finds the pointer's value or key. Every other trace, and every file of
good/ beside this script, must load without a message and pass the schema. With --write the .expect
files are written instead; read them before they are committed.
"""

import gzip
import json
import pathlib
import re
import subprocess
import sys
import zlib

import jsonschema

import positions

MESSAGES_SHOWN = 3
# Validating a case takes a millisecond: of long corpora the schema sees the first and every so many more.
FIRST, STRIDE = 100, 8
PLACE = re.compile(r"(\d+):(\d+) ((?:/.*?)?) (found .*)")


def schema_of(source, name):
    schema = json.loads((source / "schemas" / name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


class Schemas:
    """Says what the schemas think of a file."""

    def __init__(self, source):
        trace = schema_of(source, "trace-1.schema.json")
        self.document = jsonschema.Draft202012Validator(trace)
        self.header = self.part(trace, "header")
        self.case = self.part(trace, "case")
        self.expectations = jsonschema.Draft202012Validator(
            schema_of(source, "expectations-1.schema.json"))
        self.flags = jsonschema.Draft202012Validator(schema_of(source, "flags-1.schema.json"))

    @staticmethod
    def part(schema, name):
        return jsonschema.Draft202012Validator(
            {"$schema": schema["$schema"], "$ref": "#/$defs/" + name, "$defs": schema["$defs"]})

    def accepts(self, path):
        """Whether a file passes; None where there is no JSON to judge."""
        try:
            text = content(path).decode("utf-8")
            if path.name.endswith(".expectations.json"):
                return self.expectations.is_valid(json.loads(text))
            if path.name.endswith(".json"):
                return self.document.is_valid(json.loads(text))
            header, *cases = text.removesuffix("\n").split("\n")
            cases = cases[:FIRST] + cases[FIRST::STRIDE]
            header = json.loads(header)
            return self.header.is_valid(header) and all(
                self.case.is_valid(merged(header.get("defaults", {}), json.loads(case)))
                for case in cases)
        except (ValueError, OSError, EOFError, RecursionError, zlib.error):
            return None


def merged(under, over):
    """A case with the defaults under it: objects member by member, everything else as a whole."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    return {**under, **{key: merged(under.get(key), value) for key, value in over.items()}}


def content(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.name.endswith(".gz") else data


def loader_messages(program, paths):
    """Maps each path to the loader's messages."""
    output = subprocess.run([program, *map(str, paths)], check=True, stdout=subprocess.PIPE).stdout
    blocks = output.decode("utf-8").split("\n\n")
    return {path: block.strip("\n").split("\n")[1:] for path, block in zip(paths, blocks)}


def is_trace(path):
    return path.name.endswith((".trace.json", ".trace.jsonl", ".trace.jsonl.gz",
                               ".expectations.json"))


def misplaced(path, messages):
    """The messages whose place is none of their pointer."""
    try:
        data = content(path)
    except (OSError, EOFError, zlib.error):
        return
    for message in messages:
        match = PLACE.fullmatch(message)
        if not match:
            yield f"{path}: cannot read the message: {message}"
            continue
        line, column, pointer = int(match[1]), int(match[2]), match[3]
        is_corpus = ".trace.jsonl" in path.name
        if positions.may_stand_at(data, is_corpus, line, column, pointer) is False:
            yield f"{path}: the place is none of {pointer}: {message}"


def check_invalid(paths, messages, schemas, is_writing):
    for path in paths:
        verdict = "cannot-see" if schemas.accepts(path) in (True, None) else "rejects"
        found = "\n".join(["schema: " + verdict, *messages[path]]) + "\n"
        expect = path.with_name(path.name + ".expect")
        if is_writing:
            expect.write_text(found, encoding="utf-8")
        if not messages[path]:
            yield f"{path}: the loader accepts it"
        elif not expect.exists():
            yield f"{path}: has no {expect.name}"
        elif expect.read_text(encoding="utf-8") != found:
            yield f"{expect}: expected\n{expect.read_text(encoding='utf-8')}but found\n{found}"
        yield from misplaced(path, messages[path])


def check_valid(paths, messages, schemas):
    for path in paths:
        if messages[path]:
            yield f"{path}: the loader says\n" + "\n".join(messages[path][:MESSAGES_SHOWN])
        if schemas.accepts(path) is not True:
            yield f"{path}: the schema rejects what the loader accepts"


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    traces = source / "traces"
    good = source / "tests" / "unit" / "trace" / "good"
    schemas = Schemas(source)
    paths = sorted(path for folder in (traces, good) for path in folder.rglob("*")
                   if is_trace(path))
    invalid = [path for path in paths if traces / "invalid" in path.parents]
    valid = [path for path in paths if path not in set(invalid)]
    messages = loader_messages(program, paths)
    findings = [*check_invalid(invalid, messages, schemas, "--write" in sys.argv),
                *check_valid(valid, messages, schemas)]
    for path in sorted((traces / "expectations").glob("*.json")):
        if not schemas.expectations.is_valid(json.loads(path.read_text(encoding="utf-8"))):
            findings.append(f"{path}: the schema rejects it")
    if not schemas.flags.is_valid(json.loads((traces / "flags.json").read_text(encoding="utf-8"))):
        findings.append(f"{traces / 'flags.json'}: the schema rejects it")
    print("\n".join(findings))
    print(f"{len(invalid)} invalid and {len(valid)} valid files, {len(findings)} findings")
    return 1 if findings or not invalid or not valid else 0


if __name__ == "__main__":
    sys.exit(main())
