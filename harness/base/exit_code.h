/* SPDX-License-Identifier: MIT */
/**
 * @file exit_code.h
 * The program's exit codes; exit_code.def says what each means, run/exit_facts.h which of several
 * that hold is given.
 *
 * An emulator is at fault by itself if Create or Destroy is, or if it was given up: it crashed or
 * hung in case after case and passed none. A broken pipe on standard output ends the program by
 * SIGPIPE, silently, as it ends others (a shell shows 141); where that signal is ignored or does
 * not exist, the code is WHT_EXIT_OUTPUT, and nothing is said either. Other signals end it as they
 * end others, except while cases are run: then it ends in order, with WHT_EXIT_INTERRUPTED.
 */
#ifndef WHVTRACE_BASE_EXIT_CODE_H
#define WHVTRACE_BASE_EXIT_CODE_H

enum wht_exit_code {
#define WHT_EXIT(ID, code, text) WHT_EXIT_##ID = (code),
#include "exit_code.def"
};

#endif
