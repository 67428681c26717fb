/* SPDX-License-Identifier: MIT */
/**
 * @file summary.h
 * Counts of a run, and its failures grouped by what they have in common.
 */
#ifndef WHVTRACE_REPORT_SUMMARY_H
#define WHVTRACE_REPORT_SUMMARY_H

#include <stdint.h>

#include "text.h"
#include "trace/model.h"

/** Failures that look alike. */
struct wht_group {
    char *key;
    char *block; /**< the first one in full */
    char **names;
    size_t name_count; /**< of the others, up to WHT_GROUP_NAMES */
    uint64_t more;     /**< how many others there are */
};

#define WHT_GROUP_NAMES 5
#define WHT_GROUPS_MAX  100

/** Zero-initialise; release with wht_summary_free(). */
struct wht_summary {
    uint64_t files;
    uint64_t passed;
    uint64_t failed;
    uint64_t skipped;
    uint64_t expected;  /**< failed as an expectations file says */
    uint64_t may_fail;  /**< failed, but the case says `may` */
    uint64_t judged[3]; /**< by enum wht_match */
    uint64_t level_passed[3];
    struct wht_group *groups; /**< in the order of their first members */
    size_t group_count;
    size_t group_capacity;
    uint64_t not_shown; /**< failures beyond WHT_GROUPS_MAX groups */
};

/** Adds a failure: to its group, or as the first of a new one. */
void wht_summary_add_failure(struct wht_summary *summary, const char *key, const char *name,
                             const char *block);

/** Adds every group: the first in full, then the names of those like it. */
void wht_summary_failures(struct wht_text *text, const struct wht_summary *summary, bool colours);

/**
 * Adds the counts.
 * @param seconds    how long the run took.
 * @param only_total just the last line, "N passed, N failed[, N skipped]".
 */
void wht_summary_counts(struct wht_text *text, const struct wht_summary *summary, double seconds,
                        bool only_total);
void wht_summary_free(struct wht_summary *summary);

#endif
