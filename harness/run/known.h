/* SPDX-License-Identifier: MIT */
/**
 * @file known.h
 * Expectations in a run: which failures are known, and which entries do not hold any more.
 */
#ifndef WHVTRACE_RUN_KNOWN_H
#define WHVTRACE_RUN_KNOWN_H

#include "base/map.h"
#include "format/expectations.h"
#include "frame.h"
#include "select.h"

/** Zero-initialise; release with wht_known_free(). */
struct wht_known {
    struct wht_expectations list;
    const char *emulator;
    /** Per entry: it matched a case of this run. */
    bool *is_used;
    /** Of entries for this emulator: places from 1 of those that mean one name, by names. */
    struct wht_map names;
    /** Places of the others, which are tried one by one. */
    size_t *patterns;
    size_t pattern_count;
};

/** Loads files. @return false after printing every error. */
bool wht_known_load(struct wht_known *known, const struct wht_words *files, const char *emulator);
void wht_known_free(struct wht_known *known);

/** @return the entry for a case, marked as used, or NULL. */
const struct wht_expectation *wht_known_find(struct wht_known *known, const char *name);

/** @return whether a case came out as its entry says. */
bool wht_known_holds(const struct wht_expectation *entry, const struct wht_case_frame *result);

/** "fail", "crash", ... */
const char *wht_known_word(const struct wht_expectation *entry);

typedef void wht_stale_fn(void *user, const struct wht_expectation *entry);

/**
 * Finds the entries that matched nothing although all that they can mean was run.
 * @param paths what was run; empty: everything.
 */
void wht_known_stale(const struct wht_known *known, const struct wht_words *paths,
                     wht_stale_fn *on_stale, void *user);

#endif
