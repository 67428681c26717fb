/* SPDX-License-Identifier: MIT */
/**
 * @file expectations.h
 * Known gaps of one implementation: which cases fail, and why.
 *
 * An expectations file is a JSON list of {match, expect, reason, issue?, emulator?}. `match` is a
 * test name in which `*` stands for any run of characters. An entry that matches nothing, or whose
 * case passes, is an error of the run: the file must be brought up to date.
 * traces/FORMAT.md, "Expectations".
 */
#ifndef WHVTRACE_FORMAT_EXPECTATIONS_H
#define WHVTRACE_FORMAT_EXPECTATIONS_H

#include "load.h"

enum wht_outcome { WHT_EXPECT_FAIL, WHT_EXPECT_CRASH, WHT_EXPECT_TIMEOUT, WHT_EXPECT_SKIP };

struct wht_expectation {
    char *match;
    /** How many characters of match are before its first `*`. */
    size_t literal;
    enum wht_outcome expect;
    char *reason;
    /** NULL if not given. */
    char *issue;
    /** NULL: any. */
    char *emulator;
    char *file;
    struct wht_pos pos;
};

struct wht_expectations {
    struct wht_expectation *items;
    size_t count;
};

/** Adds the entries of a file to the list. @return false after reporting every error through
 * options. */
bool wht_expectations_load(const char *path, const struct wht_load_options *options,
                           struct wht_expectations *list);

/** @return whether an entry's pattern matches the test name. */
bool wht_expectation_means(const struct wht_expectation *entry, const char *name);

/**
 * @return the first entry whose pattern matches the test name, or NULL; index receives its place.
 */
const struct wht_expectation *wht_expectations_find(const struct wht_expectations *list,
                                                    const char *name, size_t *index);
void wht_expectations_free(struct wht_expectations *list);

#endif
