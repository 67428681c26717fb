# SPDX-License-Identifier: MIT
"""Prints a corpus of so many stores, each of another value to another address."""
import json
import sys

print(json.dumps({"format": "whv-trace/1.0", "suite": "many", "defaults": {"code": "89 03"}}))
for i in range(int(sys.argv[1])):
    gpa = f"0x{0xfee00000 + 4 * i:x}"
    print(json.dumps({
        "id": f"store-{i}",
        "init": {"rax": f"0x{i:x}", "rbx": gpa},
        "exit": {"kind": "mmio", "access": "write", "gpa": gpa},
        "expect": {"regs": {"rip": "+2"},
                   "calls": [{"mem": "write", "gpa": gpa, "data": i.to_bytes(4, "little").hex(" ")}]},
    }))
