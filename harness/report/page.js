/* SPDX-License-Identifier: MIT */
/* The cases of the page: decoded from its data, chosen by filters, opened one by one. */
"use strict";
(function () {
  const LEVELS = ["effects", "device", "strict"];
  const FIELDS = ["outcome", "family", "instruction", "mode", "flag", "status", "kind", "level"];
  const CHUNK = 200;
  const element = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  };

  /* A string in the data joins the table; a list is a case, whose numbers are places in the table. */
  function decode(data) {
    const table = [], cases = [];
    const word = (value) => (typeof value === "number" ? table[value] : value);
    for (const item of data) {
      if (typeof item === "string") { table.push(item); continue; }
      const [outcome, name, file, line, instruction, family, mode, flags, status, judged, passed, kind, cause, block] =
        item;
      cases.push({
        outcome: word(outcome), name, file: word(file), line, instruction: word(instruction), family: word(family),
        mode: word(mode), flag: word(flags).split(" "), status: word(status).split(" "), kind: word(kind),
        level: LEVELS.filter((_, i) => judged >> i & 1 && !(passed >> i & 1)), cause: word(cause),
        ran: ["failed", "known", "may-fail"].includes(word(outcome)) ? "yes" : "no",
        lines: () => block.map((part) => word(part).replaceAll("\u0001", name).replaceAll("\u0002", word(file))),
      });
    }
    return cases;
  }

  /* The lines of a block as rows {label, marked, left, right} or {label, marked, words}, with headings. */
  function rows(lines) {
    const out = [];
    let paired = false, last = null, side = "words";
    const add = (row, at) => { out.push(row); last = row; side = at; };
    for (const line of lines) {
      const heading = /^ {2}(\S.*?) +expected +actual$/.exec(line);
      const marked = line[2] === "*";
      const label = line.slice(marked ? 4 : 2, 14).trim();
      const text = line.slice(14);
      if (!line.trim()) { paired = false; last = null; continue; }
      if (heading) { paired = true; out.push({ heading: heading[1] }); last = null; continue; }
      if (!label && last && /^ {23}\S/.test(line)) { last[side] += " " + line.trim(); continue; }
      if (!label && last && text.startsWith("actual ") && last.left !== undefined) {
        last.right = text.slice(9); side = "right"; continue;
      }
      if (!label && text.startsWith("before ")) { add({ label: "before", marked, words: text.slice(9) }, "words"); continue; }
      if (!label && last && side === "words") { last.words += " " + text.trim(); continue; }
      if (text.startsWith("expected ")) { add({ label, marked, left: text.slice(9), right: "" }, "left"); continue; }
      if (marked && label === "actual" && last && last.only) {
        last.left = last.words; last.right = text; delete last.words; last.label = ""; side = "right"; continue;
      }
      if (paired && line.length > 47 && line[46] === " ") {
        add({ label, marked, left: line.slice(14, 47).trim(), right: line.slice(47) }, "right");
      } else {
        add({ label, marked, words: text, only: marked && label === "expected" }, "words");
      }
    }
    return out;
  }

  function block(found) {
    const table = element("table", undefined, "block mono");
    const cell = (row, text, side) => {
      const made = element("td", text);
      if (side) made.dataset.side = side; else made.colSpan = 2;
      row.append(made);
    };
    for (const row of rows(found.lines())) {
      const made = element("tr", undefined, row.marked ? "marked" : row.heading !== undefined ? "heading" : "");
      if (row.heading !== undefined) {
        for (const text of [row.heading, "expected", "actual"]) made.append(element("th", text));
      } else {
        made.append(element("th", row.label));
        if (row.left === undefined) cell(made, row.words);
        else { cell(made, row.left, "expected"); cell(made, row.right, "actual"); }
      }
      table.append(made);
    }
    return table;
  }

  const cases = decode(JSON.parse(document.getElementById("data").textContent));
  const kinds = new Map();
  for (const found of cases) if (found.kind && !kinds.has(found.kind)) kinds.set(found.kind, found.cause);
  const state = new Map();
  const controls = element("div"), list = element("div"), more = element("button", "Show more");
  const count = element("p"), search = element("input"), selects = new Map();
  let shown = [], drawn = 0;
  controls.id = "controls"; list.id = "list"; more.id = "more"; more.type = "button"; count.id = "count";
  count.setAttribute("aria-live", "polite");

  const has = (found, field, value) => Array.isArray(found[field]) ? found[field].includes(value) : found[field] === value;
  function matches(found) {
    for (const [field, value] of state) if (field !== "text" && !has(found, field, value)) return false;
    const text = (state.get("text") || "").toLowerCase();
    return !text || text.split(/\s+/).every((part) =>
      `${found.name} ${found.cause} ${found.instruction}`.toLowerCase().includes(part));
  }

  function drawMore() {
    for (const found of shown.slice(drawn, drawn + CHUNK)) {
      const details = element("details"), summary = element("summary");
      summary.append(element("span", found.outcome, "outcome " + found.outcome), " ", element("code", found.name),
                     element("span", found.cause, "cause"));
      details.append(summary);
      details.addEventListener("toggle", () => {
        if (details.open && details.children.length === 1) details.append(block(found));
      });
      list.append(details);
    }
    drawn = Math.min(shown.length, drawn + CHUNK);
    more.hidden = drawn === shown.length;
    more.textContent = `Show more (${shown.length - drawn} left)`;
  }

  function draw() {
    shown = cases.filter(matches);
    drawn = 0;
    list.replaceChildren();
    count.textContent = `${shown.length} of ${cases.length} cases that did not simply pass`;
    for (const [field, select] of selects) select.value = state.get(field) || "";
    if (search.value !== (state.get("text") || "")) search.value = state.get("text") || "";
    drawMore();
  }

  function set(changes, replaces) {
    if (replaces) state.clear();
    for (const [field, value] of changes) if (value) state.set(field, value); else state.delete(field);
    history.replaceState(null, "", "#" + new URLSearchParams([...state]));
    draw();
  }

  function addControls() {
    search.type = "search"; search.placeholder = "Search names and causes  ( / )";
    search.setAttribute("aria-label", "search");
    search.addEventListener("input", () => set([["text", search.value]]));
    controls.append(search);
    for (const field of FIELDS) {
      const values = new Map();
      for (const found of cases)
        for (const value of [found[field]].flat()) if (value) values.set(value, (values.get(value) || 0) + 1);
      if (values.size === 0) continue;
      const select = element("select");
      select.setAttribute("aria-label", field);
      select.append(new Option(field === "level" ? "fails at level" : field === "status" ? "expected status" : field, ""));
      const sorted = [...values].sort((a, b) => (field === "kind" ? b[1] - a[1] : a[0].localeCompare(b[0])));
      for (const [value, n] of sorted.slice(0, 2000))
        select.append(new Option(`${field === "kind" ? kinds.get(value).slice(0, 90) : value} (${n})`, value));
      select.addEventListener("change", () => set([[field, select.value]]));
      selects.set(field, select);
      controls.append(select);
    }
    const clear = element("button", "Clear");
    clear.type = "button";
    clear.addEventListener("click", () => set([], true));
    controls.append(clear);
  }

  /* What the summary counts leads to the cases. */
  function follow(target) {
    set([...new URLSearchParams(target.dataset.filter)], true);
    controls.scrollIntoView();
    search.focus({ preventScroll: true });
  }
  for (const target of document.querySelectorAll("[data-filter]")) {
    target.setAttribute("role", "button");
    target.tabIndex = 0;
    target.addEventListener("click", (event) => { event.preventDefault(); follow(target); });
    target.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); follow(target); }
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape") set([], true);
  });
  more.addEventListener("click", drawMore);
  addControls();
  document.getElementById("cases").append(controls, count, list, more);
  set([...new URLSearchParams(location.hash.slice(1))], true);
})();
