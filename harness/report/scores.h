/* SPDX-License-Identifier: MIT */
/**
 * @file scores.h
 * Counts of a run by families and by instructions. Memory is bounded by how many there are of them.
 */
#ifndef WHVTRACE_REPORT_SCORES_H
#define WHVTRACE_REPORT_SCORES_H

#include "base/map.h"
#include "base/text.h"
#include "event.h"

#define WHT_SCORES_MAX 4096u
#define WHT_MODES      7

/** What became of the cases of one name. */
struct wht_score {
    char *name;
    uint64_t outcomes[WHT_OUTCOME_COUNT];
    /** By enum wht_match. */
    uint64_t judged[3];
    uint64_t level_passed[3];
    /** By enum wht_mode: cases that were run, and those that failed or were known to. */
    uint64_t mode_cases[WHT_MODES];
    uint64_t mode_failed[WHT_MODES];
};

/** Zero-initialise; release with wht_scores_free(). */
struct wht_scores {
    struct wht_score *items;
    size_t count;
    size_t capacity;
    /** Places from 1, by names. */
    struct wht_map places;
};

/** Counts a case under a name; "" is passed over. */
void wht_scores_add(struct wht_scores *scores, const char *name,
                    const struct wht_report_case *result);

/** @return the cases of a score that were run. */
uint64_t wht_score_cases(const struct wht_score *score);

/** @return how many in a thousand of them passed, rounded down. */
unsigned wht_score_permille(const struct wht_score *score);

/** Sorts by names. Nothing is added any more. */
void wht_scores_sort(struct wht_scores *scores);
/** Sorts the lowest scores first, of equal ones that of the most cases, likewise. */
void wht_scores_sort_lowest(struct wht_scores *scores);
void wht_scores_free(struct wht_scores *scores);

/** Adds the table family x outcome x level for people, in 80 columns. */
void wht_scores_families(struct wht_text *text, const struct wht_scores *families);
/** Adds what of each instruction passes, the lowest first. @param most as many as are told. */
void wht_scores_instructions(struct wht_text *text, const struct wht_scores *instructions,
                             size_t most);

#endif
