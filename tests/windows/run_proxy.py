#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A VMM with the recording proxy beside it, loaded in both ways.

usage: run_proxy.py FOLDER     the folder of the mingw64 build; WINE names another wine, WHVTRACE a
                               program of this system that imports and replays what was recorded
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(sys.argv[1])
WINE = os.environ.get("WINE", "wine")
PLAIN = """\
mov [rbx], eax: hr 0x0, status 0x1, rip 0x1002
mov ecx, [rbx]: hr 0x0, status 0x1, rip 0x1002
add [rbx], eax: hr 0x0, status 0x1, rip 0x1002
lock cmpxchg [rbx], edx: hr 0x0, status 0x1, rip 0x1004
rep movsb to the device: hr 0x0, status 0x1, rip 0x1002
mov [rbx], eax, bytes in memory: hr 0x0, status 0x1, rip 0x1002
out 0x80, al: hr 0x0, status 0x1, rip 0x1002
in al, 0x80: hr 0x0, status 0x1, rip 0x1002
no instruction: hr 0x0, status 0x2, rip 0x1000
mov [rbx], eax beyond the device: hr 0x0, status 0x8, rip 0x1000
"""


def run(folder, *arguments, **options):
    env = dict(os.environ, WINEDEBUG="-all", **options)
    program = [str(folder / "vmm.exe")] if os.name == "nt" else [WINE, "vmm.exe"]
    done = subprocess.run([*program, *arguments], cwd=folder, env=env, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode().replace("\r\n", "\n"), done.stderr.decode()


def cases(folder):
    found = []
    for line in (folder / "whv.cap.jsonl").read_bytes().decode().splitlines():
        event = json.loads(line)
        if event.get("cap") == "begin":
            found.append([event])
        elif event.get("cap") != "hdr":
            found[-1].append(event)
    return found


def check(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: got\n{got}\nexpected\n{expected}")


def vmm_folder(scratch, way, library):
    folder = pathlib.Path(scratch) / way / library
    folder.mkdir(parents=True)
    shutil.copy(BUILD / "bin" / f"vmm_{way}.exe", folder / "vmm.exe")
    shutil.copy(BUILD / library / "WinHvEmulation.dll", folder)
    return folder


def check_way(scratch, way):
    plain = vmm_folder(scratch, way, "bin")
    check(f"{way}, without the recorder", run(plain)[:2], (0, PLAIN))

    proxied = vmm_folder(scratch, way, "proxy")
    original = str(plain / "WinHvEmulation.dll")
    check(f"{way}, recorded", run(proxied, WHV_CAPTURE_EMULATOR=original)[:2], (0, PLAIN))
    recorded = cases(proxied)
    check("recorded calls", [case[-1].get("status") for case in recorded],
          8 * [["success"]] + [["internal-failure"], ["mem-failed"]])
    header = json.loads((proxied / "whv.cap.jsonl").read_bytes().split(b"\n")[0])
    check("provenance", header["source"]["emulator"],
          {"file": "WinHvEmulation.dll", "version": "0.1.0.0"})
    check("provenance", header["source"]["vmm"], "vmm.exe")

    code, _, _ = run(proxied, "crash", WHV_CAPTURE_EMULATOR=original)
    check("a VMM that dies", code, 9)
    run(proxied, WHV_CAPTURE_EMULATOR=original)
    dead = [case for case in cases(proxied) if case[-1].get("cap") != "end"]
    check("the call that it died in", [list(case[-1]) for case in dead],
          [["n", "mem", "gpa", "size", "data"]])

    replay(proxied)

    code, out, error = run(proxied, WHV_CAPTURE_EMULATOR="nowhere.dll")
    check("no original", (code, out.startswith("create: hr 0x8007")), (1, True))
    check("no original", "nowhere.dll: cannot be loaded" in error, True)
    code, out, error = run(proxied, WHV_CAPTURE_EMULATOR="WinHvEmulation.dll")
    check("the proxy as its own original", "is the recorder itself" in error, True)
    return proxied / "whv.cap.jsonl"


def replay(folder):
    """What was recorded, the call in which the VMM died included, replays without a divergence."""
    native = os.environ.get("WHVTRACE")
    programs = [[str(BUILD / "bin" / "whvtrace.exe")] if os.name == "nt"
                else [WINE, str(BUILD / "bin" / "whvtrace.exe")]] + ([[native]] if native else [])
    for program in programs:
        for options in ([], ["--strict"]):
            env = dict(os.environ, WINEDEBUG="-all")
            made = subprocess.run([*program, "import", *options, "whv.cap.jsonl"], cwd=folder, env=env,
                                  capture_output=True, timeout=120)
            check("import", (made.returncode, b"1 incomplete" in made.stdout), (0, True))
            done = subprocess.run([*program, "run", "whv.trace.jsonl"], cwd=folder, env=env,
                                  capture_output=True, timeout=120)
            check("replay", (done.returncode, done.stdout.decode().splitlines()[-1].split(",")[-1]),
                  (0, " 0 failed"))


def main():
    with tempfile.TemporaryDirectory() as scratch:
        for way in ("by_import", "by_name"):
            check_way(scratch, way)
    print("2 passed, 0 failed")


if __name__ == "__main__":
    main()
