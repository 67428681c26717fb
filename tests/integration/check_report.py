#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks a report as a stranger would, and prints what it says in a few lines.

    check_report.py junit FILE      well-formed; the counts are those of what is in it
    check_report.py json FILE       valid by schemas/report-1.schema.json; the counts are right
    check_report.py diff FILE       what `diff --format json` prints, likewise
    check_report.py same A B        what two reports say differently, times aside
    check_report.py github FILE     the workflow commands, unescaped
    check_report.py html FILE       well-formed, nothing of it is loaded from elsewhere; its text
"""

import collections
import difflib
import hashlib
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "report-1.schema.json"


def counts_of(suite):
    cases = suite.findall(".//testcase")
    return {"tests": len(cases)} | {
        name: sum(case.find(tag) is not None for case in cases)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))}


def check_counts(element):
    counts = counts_of(element)
    for name, count in counts.items():
        if int(element.attrib[name]) != count:
            sys.exit(f"{element.tag} {element.get('name')}: {name} is {element.get(name)}, not {count}")
    float(element.attrib["time"])
    return " ".join(f"{name}={count}" for name, count in counts.items())


def junit(path):
    root = ElementTree.parse(path).getroot()
    print(root.tag, check_counts(root))
    for suite in root:
        print(" ", repr(suite.get("name")), check_counts(suite))
        for text in suite.findall("system-out"):
            print("   ", text.text)
        for case in suite.findall("testcase"):
            float(case.attrib["time"])
            print("   ", repr(case.get("classname")), repr(case.get("name")), end="")
            for child in case:
                print(f" {child.tag} {child.get('type', '')}: {child.get('message')!r}", end="")
                print(f", {len(child.text.splitlines())} lines" if child.text else "", end="")
            print()


def check_json(path):
    import jsonschema
    text = pathlib.Path(path).read_text(encoding="utf-8")
    report = json.loads(text)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for error in jsonschema.Draft202012Validator(schema).iter_errors(report):
        sys.exit(f"{list(error.absolute_path)}: {error.message}")
    cases = [r for r in report["results"] if r["kind"] == "case"]
    # Each result is a line of its own.
    lines = text.splitlines()[1:-1]
    if [json.loads(line.rstrip(",")) for line in lines] != report["results"]:
        sys.exit("results do not stand on lines of their own")
    summary = report["summary"]
    found = collections.Counter(r.get("outcome", r["kind"]) for r in report["results"])
    for name in ("passed", "failed", "known", "may-fail", "skipped", "invalid", "stale"):
        if summary[name] != found[name]:
            sys.exit(f"summary: {name} is {summary[name]}, not {found[name]}")
    for level, sums in summary["levels"].items():
        judged = [case["levels"][level] for case in cases if level in case["levels"]]
        if (sums["judged"], sums["passed"]) != (len(judged), sum(judged)):
            sys.exit(f"summary: {level} is {sums}, not {sum(judged)} of {len(judged)}")
    for result in report["results"]:
        about = result.get("name", result["file"])
        more = result.get("cause") or result.get("reason") or result.get("text") or ""
        print(result.get("outcome", result["kind"]), about + (": " + more if more else ""))
    # What ran: of a file what `sha256sum` says of it.
    if report["emulator"] != "builtin" and pathlib.Path(report["emulator"]).is_file():
        digest = hashlib.sha256(pathlib.Path(report["emulator"]).read_bytes()).hexdigest()
        if report.get("emulator_sha256") != digest:
            sys.exit("emulator_sha256 is not the digest of the emulator")
    verdict = "failed" if (summary["failed"] + summary["invalid"] + summary["stale"] > 0 or "message" in summary
                           or summary["ending"] != "done") else "passed"
    if summary["verdict"] != verdict:
        sys.exit(f"the verdict is {summary['verdict']}")
    print(summary["ending"] + (": " + summary["message"] if "message" in summary else ""))


def check_diff(path):
    import jsonschema
    report = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    schema = json.loads((SCHEMA.parent / "report-diff-1.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for error in jsonschema.Draft202012Validator(schema).iter_errors(report):
        sys.exit(f"{list(error.absolute_path)}: {error.message}")
    found = collections.Counter(change["change"] for change in report["changes"])
    for name, count in report["summary"].items():
        if name != "unchanged" and found[name] != count:
            sys.exit(f"summary: {name} is {count}, not {found[name]}")
    for change in report["changes"]:
        print(change["change"], change["name"])
    print(report["summary"]["unchanged"], "as before")


def same(a, b):
    """Two reports that say the same but for times, and for the bytes that say so themselves."""
    def lines(path):
        text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
        text = re.sub(r'(time|timestamp)="[^"]*"|[0-9]+[.][0-9]+ s', "TIME", text)
        text = re.sub(r'"(seconds|duration_ms)": [0-9.]+|duration_ms: [0-9.]+', "TIME", text)
        text = re.sub(r"[0-9]{4}.?-[0-9]{2}.?-[0-9]{2}T[0-9:]{8}Z", "DATE", text)
        return text.splitlines()
    for line in difflib.unified_diff(lines(a), lines(b), "whole", "merged", lineterm="", n=0):
        print(line)


def unescape(text):
    for escaped, char in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, char)
    return text


def github(path):
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if not line.startswith("::"):
            continue
        head, _, message = line[2:].partition("::")
        command, _, properties = head.partition(" ")
        print(command, {name: unescape(value) for name, _, value in
                        (p.partition("=") for p in properties.split(","))})
        print("    " + unescape(message).splitlines()[0])


def page_cases(data, table):
    """The data of the page as its script reads it."""
    for item in data:
        if isinstance(item, str):
            table.append(item)
            continue
        words = [table[part] if isinstance(part, int) and i not in (3, 9, 10) else part
                 for i, part in enumerate(item[:-1])]
        lines = [table[part] if isinstance(part, int) else part for part in item[-1]]
        if any(line and not line.startswith("  ") for line in lines):
            sys.exit("a block has other lines than blocks have")
        print("case:", words[0], words[1], *words[4:9], f"judged {words[9]} passed {words[10]}:", words[12],
              f"({len(lines)} lines)")


def html(path):
    root = ElementTree.parse(path).getroot()
    for element in root.iter():
        for name, value in element.attrib.items():
            if name in ("src", "href") or "url(" in value:
                sys.exit(f"{element.tag} loads {value}")
    table = []
    for element in root.find("{*}body").iter():
        tag = element.tag.partition("}")[2]
        if element.get("id") == "data":
            page_cases(json.loads(element.text), table)
        text = " ".join((element.text or "").split())
        if element.get("data-filter"):
            text += " -> " + element.get("data-filter")
        if text and tag not in ("pre", "script"):
            print(f"{tag}: {re.sub(r'[0-9]+[.][0-9]+ s', 'T s', text)}")


if __name__ == "__main__":
    {"junit": junit, "json": check_json, "diff": check_diff, "github": github, "html": html,
     "same": same}[sys.argv[1]](*sys.argv[2:])
