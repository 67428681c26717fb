#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Clicks through the HTML report in a browser, with 1, 300 and 17,000 failures, and keeps screenshots.

usage: page.py WHVTRACE FAULTY TRACES FOLDER

Only where WHVTRACE_BROWSER names Chromium or what is compatible with it; otherwise skipped. Screenshots go to
FOLDER: look at them.
"""

import html
import json
import os
import pathlib
import re
import subprocess
import sys

SKIPPED = 77
BROWSER = os.environ.get("WHVTRACE_BROWSER")
BYTES_MAX = 20_000_000
OPEN_MS_MAX = 2000

# Runs behind the page's own script, so that the clock tells when that has done its work.
DRIVER = r"""
const opened = performance.now(), failures = [];
const check = (what, holds) => { if (!holds) failures.push(what); };
const all = (selector) => [...document.querySelectorAll(selector)];
const count = () => parseInt(document.getElementById("count").textContent, 10);
const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const total = count();
check("every case is counted", total >= FAILURES);
check("the list is drawn in parts", all("#list details").length === Math.min(total, 200));

// Each count of the matrices leads to that many cases.
for (const target of all("#families [data-filter], #instructions [data-filter]").slice(0, 60)) {
  target.click();
  check(`${target.dataset.filter} leads to ${target.textContent}, not ${count()}`,
        count() === parseInt(target.textContent, 10));
}
const kind = document.querySelector("#summary details [data-filter]");
kind.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
check("a kind leads to its cases", count() === parseInt(kind.textContent, 10));
check("the filter stands in the address", location.hash.startsWith("#kind="));
press("Escape");
check("Escape shows all", count() === total && location.hash.length < 2);

// Filters and search.
const select = document.querySelector("#controls select[aria-label=family]");
select.value = select.options[1].value;
select.dispatchEvent(new Event("change"));
check("a filter chooses", `(${count()})` === /\(\d+\)$/.exec(select.options[1].textContent)[0]);
press("Escape");
press("/");
const search = document.querySelector("#controls input");
check("/ goes to the search", document.activeElement === search);
const name = document.querySelector("#list code").textContent;
search.value = name;
search.dispatchEvent(new Event("input"));
check("search finds a name", count() >= 1 && all("#list code").every((e) => e.textContent.includes(name)));
search.value = "no such case";
search.dispatchEvent(new Event("input"));
check("search finds nothing", count() === 0);
press("Escape");
const before = all("#list details").length;
document.getElementById("more").click();
check("more are shown", all("#list details").length === Math.min(total, before + 200));

// A failure opens to its block.
const found = all("#list details").find((e) => e.querySelector(".failed"));
found.open = true;
setTimeout(() => {
  const text = found.textContent;
  for (const word of ["code", "expected", "actual", "whvtrace run", name.split("#")[1]])
    check(`the block has ${word}`, text.includes(word));
  check("what differs is marked", found.querySelector("tr.marked"));
  check("in two columns", all("#list td[data-side=expected]").length > 0);
  check("no placeholder is left", !/[\u0001\u0002]/.test(text));
  if (SHOWS_CASES) {
    document.getElementById("summary").hidden = true;
    for (const details of all("#list details").slice(1, 4)) details.open = true;
  }
  document.body.dataset.result = JSON.stringify({ opened, failures, total });
}, 50);
"""


def browse(page, *options):
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               "--virtual-time-budget=5000", *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def drive(page, failures, shows_cases):
    """A copy of a page with the driver behind it."""
    driver = DRIVER.replace("FAILURES", str(failures)).replace("SHOWS_CASES", json.dumps(shows_cases))
    copy = page.with_name(page.stem + ("-cases" if shows_cases else "-driven") + ".html")
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", f"<script>{driver}</script></body>"),
                    encoding="utf-8")
    return copy


def screenshots(page, cases, folder):
    for name, what, options in (("top", page, ["--window-size=1200,1400"]),
                                ("cases", cases, ["--window-size=1200,1400"]),
                                ("dark", cases, ["--window-size=1200,1000", "--blink-settings=preferredColorScheme=0"]),
                                ("narrow", cases, ["--window-size=500,1200"])):
        browse(what, *options, f"--screenshot={folder / (page.stem + '-' + name + '.png')}")
    browse(page, f"--print-to-pdf={folder / (page.stem + '.pdf')}")


def check_page(program, emulator, traces, folder, failures):
    page = folder / f"{failures}.html"
    subprocess.run([program, "run", "-q", traces, "--emulator", emulator, "--max-failures", str(failures),
                    "--report", f"html={page}"], stdout=subprocess.DEVNULL, check=False)
    size = page.stat().st_size
    dom = browse(drive(page, failures, False), "--dump-dom")
    found = re.search(r'data-result="([^"]*)"', dom)
    if not found:
        return [f"{failures}: the page's script failed"]
    result = json.loads(html.unescape(found[1]))
    print(f"{failures} failures: {size} bytes, open after {result['opened']:.0f} ms, {result['total']} cases")
    wrong = list(result["failures"])
    if size > BYTES_MAX:
        wrong.append(f"{size} bytes")
    if result["opened"] > OPEN_MS_MAX:
        wrong.append(f"open after {result['opened']:.0f} ms")
    if failures <= 300:
        screenshots(page, drive(page, failures, True), folder)
    else:
        browse(page, "--window-size=1200,1400", f"--screenshot={folder / '17000-top.png'}")
    return [f"{failures}: {text}" for text in wrong]


def main():
    if not BROWSER:
        print("skipped: WHVTRACE_BROWSER names no browser")
        return SKIPPED
    program, faulty, traces, folder = sys.argv[1:]
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    wrong = []
    for failures in (1, 300, 17000):
        wrong += check_page(program, f"{faulty}/wrong_data.so", traces, folder, failures)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
