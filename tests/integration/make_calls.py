#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints a case with many calls, one of them wrong: make_calls.py KIND COUNT

    listed   REP STOSB to a device, each store an element
    memory   REP INSB from a port to RAM of which expect.memory lists every second byte by itself
    unordered, optional   as listed, within any_order, or each element optional
"""

import json
import sys

WRONG = 10


def stores(count):
    return [{"mem": "write", "gpa": hex(0xFEE00000 + i), "data": "56" if i == WRONG else "55"}
            for i in range(count)]


def reads(count):
    return [{"io": "in", "port": hex(0x3F9 if i == WRONG else 0x3F8), "size": 1, "data": "0x41"}
            for i in range(count)]


def main():
    kind, count = sys.argv[1], int(sys.argv[2])
    case = {"format": "whv-trace/1.0", "id": kind,
            "init": {"mode": "long64", "rax": "0x55", "rcx": hex(count), "rdx": "0x3f8",
                     "rdi": "0xfee00000"},
            "expect": {"regs": {"rip": "+2", "rcx": "0x0", "rdi": "+" + hex(count)}}}
    if kind == "memory":
        case |= {"code": "f3 6c", "exit": {"kind": "io", "access": "read", "port": "0x3f8", "size": 1},
                 "memory": [{"gpa": "0xfee00000", "size": count}]}
        case["expect"]["memory"] = [{"gpa": hex(0xFEE00000 + i), "data": "41"}
                                    for i in range(0, count, 2)]
        case["expect"]["calls"] = reads(count)
    else:
        calls = stores(count)
        case |= {"code": "f3 aa", "exit": {"kind": "mmio", "access": "write", "gpa": "0xfee00000"}}
        case["expect"]["calls"] = ([{"any_order": calls}] if kind == "unordered" else
                                   [{"optional": [call]} for call in calls] if kind == "optional"
                                   else calls)
    print(json.dumps(case))


main()
