/* SPDX-License-Identifier: MIT */
/**
 * @file update.h
 * Pending results in a run: those that there are, and, if it is to update them, those that come out
 * of it. The cases of files in which some failed are run once more for that, when all have run:
 * what is said of a run does not depend on it.
 */
#ifndef WHVTRACE_RUN_UPDATE_H
#define WHVTRACE_RUN_UPDATE_H

#include "pending.h"
#include "pool.h"

/** Zero-initialise; release with wht_update_free(). */
struct wht_update {
    /** --update. */
    bool is_wanted;
    const struct wht_file_list *files;
    /** Tests that have a pending result, and what became of them. */
    struct wht_map known;
    /** Tests that failed and may be updated, and their files. */
    struct wht_map failed;
    struct wht_map failed_files;
    /** Of the file whose results come. */
    struct wht_pending_list list;
    const struct wht_pool_options *pool;
    char *prefix;
    /** Failing cases that nobody will update: expectations files name them. */
    uint64_t gaps;
    /** And those that may fail. */
    uint64_t open;
    /** Pending results that cannot be read: none are written. */
    bool is_damaged;
    bool is_unwritten;
    bool is_interrupted;
};

/** Finds those that there are. @return false after saying what is wrong with them. */
bool wht_update_begin(struct wht_update *update, const struct wht_file_list *files);

/** Takes a result. */
void wht_update_note(struct wht_update *update, const struct wht_case_frame *result,
                     enum wht_case_outcome outcome);

/** Runs what failed again, and writes what comes out. @param pool as the cases were run. */
void wht_update_make(struct wht_update *update, const struct wht_pool_options *pool);

/** @return how many pending results there are for tests that were run. */
uint64_t wht_update_count(const struct wht_update *update);

void wht_update_free(struct wht_update *update);

#endif
