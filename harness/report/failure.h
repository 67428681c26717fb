/* SPDX-License-Identifier: MIT */
/**
 * @file failure.h
 * The block that tells why a case failed.
 */
#ifndef WHVTRACE_REPORT_FAILURE_H
#define WHVTRACE_REPORT_FAILURE_H

#include "replay/result.h"
#include "text.h"

struct wht_report_options {
    bool colours;
    const char *emulator; /**< as given on the command line, for the command that runs it again */
};

/** Adds the cause in one line, e.g. "call 2 of 3: data differs". */
void wht_report_cause(struct wht_text *text, const struct wht_case *c,
                      const struct wht_case_result *result);

/** Adds a key that is equal for failures that look alike: first divergence and mnemonic. */
void wht_report_key(struct wht_text *text, const struct wht_case *c,
                    const struct wht_case_result *result);

/** Adds where the case stands and what it is: all that is known without having run it. */
void wht_report_head(struct wht_text *text, const struct wht_case *c, enum wht_match level);
/** Adds call, registers, memory, status: expected and actual. */
void wht_report_body(struct wht_text *text, const struct wht_case *c,
                     const struct wht_case_result *result,
                     const struct wht_report_options *options);
/** Adds note, flags, spec and the command that runs the case again. */
void wht_report_foot(struct wht_text *text, const struct wht_case *c, enum wht_match level,
                     const struct wht_report_options *options);

#endif
