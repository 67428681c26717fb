/* SPDX-License-Identifier: MIT */
/**
 * @file trace_checks.h
 * What else must hold of a file that was accepted, and of a case that failed. A violation is a
 * finding.
 */
#ifndef WHVTRACE_TESTS_FUZZ_TRACE_CHECKS_H
#define WHVTRACE_TESTS_FUZZ_TRACE_CHECKS_H

#include "session/result.h"
#include "trace_files.h"

/**
 * The canonical form of a file loads as the same cases, and is its own canonical form. The file is
 * overwritten.
 * @param cases all that the file holds.
 */
void trace_check_format(enum trace_kind kind, const char *path, struct wht_case *const *cases,
                        size_t count);

/** The block that tells of a failure is text for a terminal, and not endless. */
void trace_check_report(const struct wht_case *c, const struct wht_case_result *outcome);

#endif
