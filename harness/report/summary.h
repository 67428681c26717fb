/* SPDX-License-Identifier: MIT */
/**
 * @file summary.h
 * What a run amounts to: counts, and its failures by kind.
 */
#ifndef WHVTRACE_REPORT_SUMMARY_H
#define WHVTRACE_REPORT_SUMMARY_H

#include "base/text.h"
#include "event.h"
#include "groups.h"
#include "scores.h"

/** Zero-initialise; release with wht_summary_free(). */
struct wht_summary {
    uint64_t files;
    uint64_t outcomes[WHT_OUTCOME_COUNT];
    /** Told, by enum wht_problem_kind. */
    uint64_t problems[2];
    /** Errors beyond those: one that is told may stand for many. */
    uint64_t untold;
    /** Pending results of tests that were run. */
    uint64_t pending;
    /** Mask of wht_unaligned: arrays that the emulator handed over so. */
    unsigned unaligned;
    /** By enum wht_match: cases that could be judged at the level. */
    uint64_t judged[3];
    uint64_t level_passed[3];
    struct wht_groups groups;
    /** Of cases that carry labels. */
    struct wht_scores families;
    struct wht_scores instructions;
};

/** Counts a case; a failure also joins its group. */
void wht_summary_add(struct wht_summary *summary, const struct wht_report_case *result);

/** Puts groups and scores in the order in which they are told. Nothing is counted any more. */
void wht_summary_sort(struct wht_summary *summary);

/** @return how many cases were counted. */
uint64_t wht_summary_cases(const struct wht_summary *summary);

/** @return "passed", or "failed": by a failure, an error in a file, or an early end. */
const char *wht_summary_verdict(const struct wht_summary *summary,
                                const struct wht_report_end *end);

/** Adds "N cases in N files: N passed, N failed, ...", without a line end. */
void wht_summary_counts(struct wht_text *text, const struct wht_summary *summary);
/**
 * Adds what holds for the run as a whole and fails no case by itself, in one line without an end.
 * @return whether there is anything.
 */
bool wht_summary_remark(struct wht_text *text, const struct wht_summary *summary);

/** @return what a remark says of arrays, as a mask of wht_unaligned. */
unsigned wht_summary_unaligned(const char *remark);

/** Adds the line that programs read: "N passed, N failed" and, if there are, ", N skipped". */
void wht_summary_total(struct wht_text *text, const struct wht_summary *summary);
void wht_summary_free(struct wht_summary *summary);

#endif
