# SPDX-License-Identifier: MIT
"""Where the values of a JSON text stand, found without the loader.

Pointers are RFC 6901, lines and columns count from 1, columns count bytes.
"""

import json
import math
import re

TOKEN = re.compile(r'[ \t\r\n]*([{}\[\],:]|"(?:[^"\\]|\\.)*"|[^ \t\r\n{}\[\],:"]+)', re.DOTALL)


class Places:
    """Maps each pointer of a text to the set of (line, column) of its values and keys."""

    def __init__(self, data, first_line=1):
        self.text = data.decode("latin-1")  # so that a character is a byte
        self.first_line = first_line
        self.at = 0
        self.places = {}
        self.value("", [])

    def token(self):
        match = TOKEN.match(self.text, self.at)
        if not match:
            raise ValueError("no token")
        self.at = match.end()
        return match.group(1), match.start(1)

    def place(self, offset):
        line = self.text.count("\n", 0, offset)
        return self.first_line + line, offset - self.text.rfind("\n", 0, offset)

    def value(self, pointer, starts):
        token, start = self.token()
        self.places.setdefault(pointer, set()).update(map(self.place, [*starts, start]))
        if token == "[":
            self.members(pointer, "]")
        elif token == "{":
            self.members(pointer, "}")
        elif token in "]},:":
            raise ValueError("no value")

    def members(self, pointer, close):
        match = TOKEN.match(self.text, self.at)
        if match and match.group(1) == close:
            self.at = match.end()
            return
        for index in range(len(self.text)):
            starts = []
            name = str(index)
            if close == "}":
                token, start = self.token()
                name = json.loads(token.encode("latin-1").decode("utf-8"))
                starts.append(start)
                if self.token()[0] != ":":
                    raise ValueError("no colon")
            self.value(pointer + "/" + name.replace("~", "~0").replace("/", "~1"), starts)
            token, _ = self.token()
            if token == close:
                return
            if token != ",":
                raise ValueError("no comma")


def refuse(name):
    raise ValueError(name)


def number(text):
    return float(text) if len(text) <= 300 else refuse("number")


def check_bounds(value, depth=1):
    """Refuses what is JSON but beyond what a trace may hold."""
    texts = [value] if isinstance(value, str) else [*value] if isinstance(value, dict) else []
    if any("\0" in text or len(text.encode("utf-8")) > 1 << 20 for text in texts):
        refuse("string")
    if isinstance(value, float) and math.isinf(value):
        refuse("number")
    if isinstance(value, (list, dict)):
        if depth > 64:
            refuse("depth")
        for child in value.values() if isinstance(value, dict) else value:
            check_bounds(child, depth + 1)


def may_stand_at(data, is_corpus, line, column, pointer):
    """Whether an error with this pointer may stand at this place; None in a text that is refused whole."""
    first = 1
    if is_corpus:
        lines = data.split(b"\n")
        if not 1 <= line <= len(lines):
            return None
        data, first = lines[line - 1], line
    try:
        check_bounds(json.loads(data.decode("utf-8"), parse_constant=refuse, parse_int=number,
                                parse_float=number))
        return (line, column) in Places(data, first).places.get(pointer, set())
    except (ValueError, RecursionError):
        return None
