#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs a program as a debugger does, tells when it stops by itself (SIGTRAP), and goes on; Linux alone.

usage: traced.py PROGRAM [ARGUMENT...]
"""

import ctypes
import os
import signal
import sys

TRACEME, CONTINUE = 0, 7
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def main():
    # LeakSanitizer does not work in a process that is traced.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    child = os.fork()
    if child == 0:
        if libc.ptrace(TRACEME, 0, None, None) != 0:
            os._exit(77)
        os.execvp(sys.argv[1], sys.argv[1:])
    _, status = os.waitpid(child, 0)  # exec itself stops it, too
    passed_on = 0
    while os.WIFSTOPPED(status):
        libc.ptrace(CONTINUE, child, None, passed_on)
        _, status = os.waitpid(child, 0)
        is_trap = os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTRAP
        passed_on = os.WSTOPSIG(status) if os.WIFSTOPPED(status) and not is_trap else 0
        if is_trap:
            sys.stderr.write("stopped by SIGTRAP\n")
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
