/* SPDX-License-Identifier: MIT */
/**
 * @file exit_facts.h
 * The one place where the exit code of a verb that handles cases is decided.
 */
#ifndef WHVTRACE_RUN_EXIT_FACTS_H
#define WHVTRACE_RUN_EXIT_FACTS_H

#include "base/exit_code.h"
#include "pool.h"

/** What has come of a verb. Of several codes the first of these members gives it. */
struct wht_exit_facts {
    bool is_interrupted;
    /** A file that was asked for. */
    bool is_unwritten;
    bool has_no_emulator;
    /** Errors in files, and cases that are not valid. */
    uint64_t invalid;
    /** Results that wait to be accepted, where that is not allowed. */
    uint64_t pending;
    /** Cases, and all else that is not as it should be. */
    uint64_t failed;
    /** Cases, or files of a verb that handles these: more than none is well. */
    uint64_t done;
    /** Of cases, when none was done. */
    uint64_t skipped;
    /** Cases that belong to them: a part of a whole may be empty. */
    uint64_t other_shards;
};

/** Adds what went wrong besides single cases. */
void wht_exit_facts_add(struct wht_exit_facts *facts, const struct wht_pool_outcome *outcome);

/** @return the exit code, an enum wht_exit_code. */
int wht_exit_code(const struct wht_exit_facts *facts);

#endif
