# SPDX-License-Identifier: MIT
"""Prints cases of so many instructions, up to 16: what is wrong with their data is told apart. Then so many
lines that are no cases."""
import json
import sys

CODES = ["01 03", "09 03", "11 03", "19 03", "21 03", "29 03", "31 03", "39 03", "85 03", "87 03", "89 03",
         "ff 03", "ff 0b", "f7 13", "f7 1b", "d1 23"]

print(json.dumps({"format": "whv-trace/1.0", "suite": "kinds", "defaults": {
    "init": {"rax": "0x12345678", "rbx": "0xfee000b0"},
    "exit": {"kind": "mmio", "access": "write", "gpa": "0xfee000b0"},
    "expect": {"regs": {"rip": "+2"},
               "calls": [{"mem": "write", "gpa": "0xfee000b0", "data": "78 56 34 12"}]},
    "note": "Bytes are swapped."}}))
for code in CODES[:int(sys.argv[1])]:
    print(json.dumps({"id": code.replace(" ", "-"), "code": code}))
for i in range(int(sys.argv[2])):
    print(json.dumps({"id": f"invalid-{i}"}))
