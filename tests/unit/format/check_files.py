#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares loader and schemas over the traces of the project.

usage: check_files.py LIST_ERRORS SOURCE_DIR [--write [SUBJECT...]]

With every input of traces/invalid/*.cases stands what is expected (see invalid_cases.py): `schema:
rejects` or `schema: cannot-see`, then the loader's messages, one per line as `line:column pointer
text`. Where the text is JSON, the place must be one where positions.py finds the pointer's value or
key. Every other trace, and every file of good/ beside this script, must load without a message and
pass the schema. With --write the .cases files get what was found, with SUBJECTs those of that name
(`case` is case.cases) alone; read it before it is committed.
"""

import argparse
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

import jsonschema

import invalid_cases
import positions

MESSAGES_SHOWN = 3
# Validating a case takes a millisecond: of long corpora the schema sees the first and some more.
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
            yield f"cannot read the message: {message}"
            continue
        line, column, pointer = int(match[1]), int(match[2]), match[3]
        is_corpus = ".trace.jsonl" in path.name
        if positions.may_stand_at(data, is_corpus, line, column, pointer) is False:
            yield f"the place is none of {pointer}: {message}"


def check_invalid(path, case, messages, schemas, is_writing):
    """Compares a case, of which path is the file; is_writing: lets it expect what is found."""
    verdict = "cannot-see" if schemas.accepts(path) in (True, None) else "rejects"
    found = ["schema: " + verdict, *messages]
    if is_writing:
        case.expected = found
    if not messages:
        yield "the loader accepts it"
    elif case.expected != found:
        yield "\n".join(["expected", *case.expected, "but found", *found])
    yield from misplaced(path, messages)


def check_valid(paths, messages, schemas):
    for path in paths:
        if messages[path]:
            yield f"{path}: the loader says\n" + "\n".join(messages[path][:MESSAGES_SHOWN])
        if schemas.accepts(path) is not True:
            yield f"{path}: the schema rejects what the loader accepts"


def check_all_invalid(program, traces, schemas, is_written):
    """Returns how many inputs there are, and the findings. is_written: tells it of a subject."""
    findings = []
    try:
        files = invalid_cases.read_all(traces / "invalid")
    except ValueError as error:
        return 0, [str(error)]
    with tempfile.TemporaryDirectory() as scratch:
        # What a loader looks up in the folder "traces" above a file is there as well.
        folder = pathlib.Path(scratch, "traces", "invalid")
        folder.mkdir(parents=True)
        for name in ("flags.json", "revoked.txt"):
            (folder.parent / name).symlink_to((traces / name).resolve())
        for cases in files.values():
            invalid_cases.unpack(cases, folder)
        names = [folder / case.name for cases in files.values() for case in cases]
        messages = loader_messages(program, names)
        for source, cases in files.items():
            for case in cases:
                path = folder / case.name
                findings += [f"{source}: {case.name}: {finding}" for finding
                             in check_invalid(path, case, messages[path], schemas, is_written(source.stem))]
            if is_written(source.stem):
                invalid_cases.write(source, cases)
    return len(names), findings


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--write", nargs="*", metavar="SUBJECT")
    args = parser.parse_args()
    for subject in args.write or []:
        if not (args.source / "traces" / "invalid" / f"{subject}.cases").is_file():
            parser.error(f"there is no traces/invalid/{subject}.cases")
    return args


def main():
    args = arguments()
    program, source = args.program, args.source
    traces = source / "traces"
    good = pathlib.Path(__file__).resolve().parent / "good"
    schemas = Schemas(source)
    valid = sorted(path for folder in (traces, good) for path in folder.rglob("*")
                   if is_trace(path) and traces / "invalid" not in path.parents)
    invalid, findings = check_all_invalid(
        program, traces, schemas,
        lambda subject: args.write is not None and (not args.write or subject in args.write))
    if not any(good in path.parents for path in valid):
        findings.append(f"{good}: holds no trace")
    findings += check_valid(valid, loader_messages(program, valid), schemas)
    for path in sorted((traces / "expectations").glob("*.json")):
        if not schemas.expectations.is_valid(json.loads(path.read_text(encoding="utf-8"))):
            findings.append(f"{path}: the schema rejects it")
    if not schemas.flags.is_valid(json.loads((traces / "flags.json").read_text(encoding="utf-8"))):
        findings.append(f"{traces / 'flags.json'}: the schema rejects it")
    print("\n".join(findings))
    print(f"{invalid} invalid and {len(valid)} valid files, {len(findings)} findings")
    return 1 if findings or not invalid or not valid else 0


if __name__ == "__main__":
    sys.exit(main())
