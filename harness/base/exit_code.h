/* SPDX-License-Identifier: MIT */
/**
 * @file exit_code.h
 * What the program's exit code says. A broken pipe on standard output ends the program by SIGPIPE,
 * silently, as it ends others (a shell shows 141); where that signal is ignored or does not exist,
 * the code is WHT_EXIT_OUTPUT, and nothing is said either. Other signals end it as they end others,
 * except while cases are run: then it ends in order, with WHT_EXIT_INTERRUPTED.
 */
#ifndef WHVTRACE_BASE_EXIT_CODE_H
#define WHVTRACE_BASE_EXIT_CODE_H

enum wht_exit_code {
    WHT_EXIT_OK = 0,
    /** a case failed, or an expectation does not hold, or Create or Destroy of the emulator is at
     * fault, or it was given up: it crashed or hung in case after case and passed none */
    WHT_EXIT_FAILED = 1,
    WHT_EXIT_USAGE = 2,
    WHT_EXIT_INVALID = 3,  /**< a trace or expectations file is invalid; valid cases still ran */
    WHT_EXIT_NOTHING = 4,  /**< no case was selected */
    WHT_EXIT_EMULATOR = 5, /**< the emulator could not be loaded, or no handle be created */
    WHT_EXIT_OUTPUT = 7,   /**< a file or standard output could not be written; any verb */
    WHT_EXIT_SKIPPED = 77, /**< every case was skipped */
    WHT_EXIT_INTERRUPTED = 130
};

#endif
