#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks traces/FORMAT.md against schemas, loader, canonical form and program.

usage: check_format.py PROGRAM SOURCE_DIR

Its examples are valid, canonical and pass; its tables name exactly the keys of the schemas and of the
loader, say of each whether it is required, and stand in the canonical order; it has every word that a
key may have; defaults and digests are what it says that they are.
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema

DOCUMENT = "traces/FORMAT.md"
TRACE = "trace-1"
# First cell of a table's head: schema and the place in it, the loader's list, the canonical order.
TABLES = {
    "key of a suite": (TRACE, "then", "load.c:suite_fields", None),
    "key of a corpus's header": (TRACE, "$defs/header", "load.c:header_fields", None),
    "key of a segment": (TRACE, "$defs/segment/anyOf/0", "values.c:fields", "value"),
    "key of a table": (TRACE, "$defs/table", "values.c:table", "value"),
    "key of an expected register": (TRACE, "$defs/want/anyOf/2", "wants.c:fields", "value"),
    "key of a case": (TRACE, "$defs/case", "take_case.c:fields", "case"),
    "key of an exit": (TRACE, "$defs/exit", "take_exit.c:fields", "exit"),
    "key of a region": (TRACE, "$defs/memory", "take_memory.c:fields", "region"),
    "key of a page": (TRACE, "$defs/page", "take_memory.c:fields+1", "page"),
    "key of a source": (TRACE, "$defs/source", "source.c:fields+1", "source"),
    "key of `expect`": (TRACE, "$defs/expect", "take_expect.c:fields+2", "expect"),
    "key of expected memory": (TRACE, "$defs/expect/properties/memory/items",
                               "take_expect.c:fields", "region"),
    "key of a fault": (TRACE, "$defs/expect/properties/fault", "take_expect.c:fields+1", "fault"),
    "key of an expectation": ("expectations-1", "items", "expectations.c:fields", None),
}
FILE_KEYS = {"format", "$schema"}  # of a case that is a file
SETTINGS = "setting in `init`"
CALLS = "kind"
MODES = "mode"
SHORTEST = {"format": "whv-trace/1.0", "id": "shortest", "code": "89 03", "match": "effects",
            "exit": {"kind": "mmio", "access": "write", "gpa": "0x0"}, "expect": {}}
PORT = {"code": "f3 6c", "exit": {"kind": "io", "access": "read", "port": "0x0", "size": 1}}
REGISTERS = ("value", "registers")
WORD = re.compile(r"`([^`]+)`")
FIELD = re.compile(r'\{\s*"([^"]+)",\s*\w+(?:,\s*(true|false|NULL|&\w+))?')


class Findings(list):
    def expect_equal(self, what, document, other, name):
        for word in sorted(set(document) - set(other)):
            self.append(f"{what}: {word!r} stands in {DOCUMENT} but not in {name}")
        for word in sorted(set(other) - set(document)):
            self.append(f"{what}: {word!r} of {name} does not stand in {DOCUMENT}")


def tables_of(text):
    """Each table as its head and its rows, both lists of cells."""
    rows = []
    for line in text.splitlines() + [""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            yield rows[0], rows[2:]
            rows = []


def at(schema, path):
    for part in path.split("/"):
        schema = schema[int(part) if isinstance(schema, list) else part]
    return schema


def c_list(source, place, declaration):
    """The keys of an initializer list in the loader, with its third member."""
    name, _, which = place.partition(":")
    name_of_list, _, number = which.partition("+")
    text = (source / "harness/format" / name).read_text(encoding="utf-8")
    found = re.findall(declaration % name_of_list + r"\[\] = \{(.*?)\};", text, re.DOTALL)
    return FIELD.findall(found[int(number or 0)])


def check_tables(findings, source, schemas, tables):
    for head, (schema, path, loader, order) in TABLES.items():
        if head not in tables:
            findings.append(f"no table of a {head}")
            continue
        keys = {}
        for row in tables[head][1]:
            for key in WORD.findall(row[0]):
                keys[key] = row[1] == "required"
        described = at(schemas[schema], path)
        findings.expect_equal(head, keys, described["properties"], f"the schema {schema}")
        fields = dict(c_list(source, loader, r"struct wht_field %s"))
        own = FILE_KEYS if head == "key of a case" else set()
        findings.expect_equal(head, keys, set(fields) - own, f"the list of {loader}")
        required = [key for key in keys if keys[key]]
        findings.expect_equal(f"{head}, required", required, described.get("required", []),
                              f"the schema {schema}")
        findings.expect_equal(f"{head}, required", required,
                              [key for key in fields if fields[key] == "true"], loader)
        if order:
            rules = [key for key, _ in c_list(source, f"canonical.c:{order}_rules", "struct rule %s")]
            if list(keys) != [key for key in rules if key in keys]:
                findings.append(f"{head}: not in the canonical order {rules}")


def check_calls(findings, schemas, tables):
    documented = {}
    for row in tables[CALLS][1]:
        [kind] = WORD.findall(row[0])
        documented[kind] = {kind, *WORD.findall(row[1])}
    forms = {}
    for form in schemas[TRACE]["$defs"]["call"]["oneOf"]:
        [kind] = [key for key in form["required"] if key in documented][:1]
        forms[kind] = set(form["properties"])
    findings.expect_equal("kinds of calls", documented, forms, "the schema")
    for kind in set(documented) & set(forms):
        findings.expect_equal(f"keys of {kind}", documented[kind], forms[kind], "the schema")


def check_registers(findings, schemas, tables):
    settings = {key for row in tables[SETTINGS][1] for key in WORD.findall(row[0])}
    names = {name for head, rows in tables.values() if tuple(head) == REGISTERS
             for row in rows for name in WORD.findall(row[1])}
    plain = set(schemas[TRACE]["$defs"]["plainRegs"]["properties"])
    findings.expect_equal("registers", names, plain, "the schema")
    findings.expect_equal("settings of init", settings,
                          set(schemas[TRACE]["$defs"]["init"]["properties"]) - plain, "the schema")


def words_of(schema):
    """Every word that an enumeration or constant of a schema allows."""
    if isinstance(schema, dict):
        yield from (word for word in schema.get("enum", []) if isinstance(word, str))
        if isinstance(schema.get("const"), str):
            yield schema["const"]
        schema = [value for key, value in schema.items() if key not in ("enum", "const")]
    if isinstance(schema, list):
        for child in schema:
            yield from words_of(child)


def check_words(findings, schemas, text):
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    spelled = {word.strip('"') for word in WORD.findall(prose)}
    for word in sorted({*words_of(schemas[TRACE]), *words_of(schemas["expectations-1"])}):
        if word not in spelled:
            findings.append(f"the word {word!r} of a schema does not stand in {DOCUMENT}")


def run(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=100)


def check_examples(findings, program, schemas, text, folder):
    """Writes the examples into a folder. @return their paths."""
    paths = []
    for kind, block in re.findall(r"^```(jsonl?)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if block.startswith("["):
            for error in jsonschema.Draft202012Validator(schemas["expectations-1"]).iter_errors(
                    json.loads(block)):
                findings.append(f"expectations: {error.message}")
            continue
        paths.append(folder / f"example-{len(paths) + 1}.trace.{kind}")
        paths[-1].write_text(block, encoding="utf-8")
    for arguments in (["check", "--strict"], ["fmt", "--check"], ["run"]):
        done = run(program, *arguments, *paths)
        if done.returncode != 0:
            findings.append(f"whvtrace {' '.join(arguments)} of the examples: {done.stdout}{done.stderr}")
    if len(paths) < 3:
        findings.append(f"found {len(paths)} examples, expected a case, a suite and a corpus")
    return paths


def expanded(program, folder, case):
    """A case with all defaults filled in by the program."""
    path = folder / "expanded.trace.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    done = run(program, "show", "--expanded", path)
    return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr}


def default_of(cell):
    """The value that the second column of a table gives, or None where it says it in words."""
    found = re.fullmatch(r"(?:mmio: )?(?:`([^`]+)`|(\d+))", cell)
    if not found:
        return None
    text = found.group(1) or found.group(2)
    return json.loads(text) if text[0] in '[{"0123456789' or text in ("true", "false") else text


def check_defaults(findings, program, tables, folder):
    shortest = expanded(program, folder, SHORTEST)
    compared = 0
    for head, made, given in (("key of a case", shortest, {"match", "init"}),
                              ("key of an exit", shortest["exit"], {"gva"}),
                              ("key of `expect`", shortest["expect"], set())):
        for cells in tables[head][1]:
            default = default_of(cells[1])
            for key in WORD.findall(cells[0]):
                if default is None or key in given or key not in made:
                    continue
                compared += 1
                if made[key] != default:
                    findings.append(f"{head}: {key} is {made[key]!r} by default, not {default!r}")
    exit_of_port = expanded(program, folder, {**SHORTEST, **PORT})["exit"]
    if (exit_of_port["string"], exit_of_port["rep"], exit_of_port["instr_len"]) != (True, True, 2):
        findings.append(f"rep insb: {exit_of_port}")
    if compared < 14:
        findings.append(f"only {compared} defaults could be compared")


def check_modes(findings, program, tables, folder):
    """The table of modes, at CPL 0 and at CPL 3."""
    for mode, code, data, limit, *control in tables[MODES][1]:
        mode = mode.strip("`")
        for cpl in {"real16": (0,), "vm86": (3,)}.get(mode, (0, 3)):
            case = {**SHORTEST, "init": {"mode": mode, "cpl": cpl}}
            init = expanded(program, folder, case)["init"]
            more = 0 if mode == "vm86" else cpl  # its row is that of CPL 3
            for name in ("cs", "ss", "ds", "es", "fs", "gs"):
                attr, sel = (int(n, 16) for n in (code if name == "cs" else data).split(", "))
                wanted = {"sel": sel + more, "base": 0, "limit": int(limit, 16),
                          "attr": attr | more << 5}
                actual = {key: int(value, 16) for key, value in init[name].items()}
                if actual != wanted:
                    findings.append(f"{mode}, CPL {cpl}, {name}: {actual}, by {DOCUMENT} {wanted}")
            actual = [int(init.get(name, "0x0"), 16) for name in ("cr0", "cr4", "efer", "rflags", "rip")]
            if actual != [*(int(n, 16) for n in control), 0x1000]:
                findings.append(f"{mode}: CR0, CR4, EFER, RFLAGS, RIP are {list(map(hex, actual))}")


def without_notes(call):
    kept = {key: value for key, value in call.items() if key != "note"}
    for group in ("any_order", "optional", "calls"):
        if group in kept:
            kept[group] = [without_notes(child) for child in kept[group]]
    return kept


def is_zero(value):
    return all(map(is_zero, value.values())) if isinstance(value, dict) else int(value, 16) == 0


def digest(case, settings):
    """The section "Digests", of a case in its expanded form."""
    keys = ("todo", "code", "api", "init", "exit", "memory", "pages", "expect", "match", "verdict")
    meaning = {key: case[key] for key in keys if key in case}
    if "others" not in case["init"]:
        meaning["init"] = {key: value for key, value in case["init"].items()
                           if key in settings or not is_zero(value)}
    if "calls" in case["expect"]:
        calls = [without_notes(call) for call in case["expect"]["calls"]]
        meaning["expect"] = {**case["expect"], "calls": calls}
    line = json.dumps(meaning, ensure_ascii=False) + "\n"
    return hashlib.sha256(line.encode()).hexdigest()


def check_digests(findings, program, paths):
    for path in paths:
        shown = re.findall(r"\b[0-9a-f]{64}\b", run(program, "show", path).stdout)
        text = run(program, "show", "--expanded", path).stdout
        documents = [json.loads(part + "\n}") for part in re.split(r"^\}$", text, flags=re.MULTILINE)
                     if part.strip()]
        computed = [digest(case, ("mode", "cpl")) for case in documents]
        if not shown or computed != shown:
            findings.append(f"{path.name}: digests {shown}, by {DOCUMENT} {computed}")


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    text = (source / DOCUMENT).read_text(encoding="utf-8")
    schemas = {name: json.loads((source / f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
               for name in (TRACE, "expectations-1")}
    tables = {head[0] if tuple(head) != REGISTERS else REGISTERS: (head, rows)
              for head, rows in tables_of(text)}
    findings = Findings()
    check_tables(findings, source, schemas, tables)
    check_calls(findings, schemas, tables)
    check_registers(findings, schemas, tables)
    check_words(findings, schemas, text)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        paths = check_examples(findings, program, schemas, text, folder)
        check_defaults(findings, program, tables, folder)
        check_modes(findings, program, tables, folder)
        good = source / "tests/unit/format/good"
        more = [good / f"{name}.trace.json" for name in ("wants", "groups", "unfinished", "every-key")]
        check_digests(findings, program, paths + more)
    print("\n".join(findings))
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
