/* SPDX-License-Identifier: MIT */
/**
 * @file failure.h
 * The block that tells why a case failed. Its first line is the cause (cause.h).
 */
#ifndef WHVTRACE_EXPLAIN_FAILURE_H
#define WHVTRACE_EXPLAIN_FAILURE_H

#include "base/text.h"
#include "session/result.h"

struct wht_report_options {
    bool colours;
    /** As given on the command line, for the command that runs it again. */
    const char *emulator;
    /** That runs cases: "whvtrace run", unless the caller is told another. */
    const char *command;
    /** That shows cases: "whvtrace show", likewise. */
    const char *show;
    /** That runs a case under a debugger: "gdb --args whvtrace debug", likewise. */
    const char *debug;
};

/**
 * Adds where the case stands and what it is: all that is known without having run it.
 * @param passed mask of the levels that it passed; 0 if it was not run.
 */
void wht_report_head(struct wht_text *text, const struct wht_case *c, enum wht_match level,
                     unsigned passed);
/** Adds the registers that the instruction reads, and what the case shows. */
void wht_report_inputs(struct wht_text *text, const struct wht_case *c);
/** Adds callbacks, result, registers, memory: expected and actual. */
void wht_report_body(struct wht_text *text, const struct wht_case *c,
                     const struct wht_case_result *result,
                     const struct wht_report_options *options);
/**
 * Adds flags, spec and the commands that run and show the case.
 * @param passes_alone it only fails after others of its file.
 */
void wht_report_foot(struct wht_text *text, const struct wht_case *c, enum wht_match level,
                     bool passes_alone, const struct wht_report_options *options);

#endif
