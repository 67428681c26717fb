/* SPDX-License-Identifier: MIT */
/**
 * @file worker.h
 * The other side of pool.h, in a process of its own: takes jobs from its parent, does its work with
 * their cases, reports. It is told everything by its options and its pipe, and prints nothing.
 */
#ifndef WHVTRACE_RUN_WORKER_H
#define WHVTRACE_RUN_WORKER_H

#include "explain/failure.h"
#include "pool.h"

struct wht_worker_options {
    enum wht_work work;
    /** With the emulator. */
    struct wht_report_options report;
    enum wht_match level;
    struct wht_selection selection;
    struct wht_words expectation_files;
    uint64_t shard;
    uint64_t shard_count;
    bool wants_detail;
    bool wants_labels;
    bool keeps_handle;
    /** Why no case is run any more, or NULL. */
    const char *not_run;
    struct wht_redaction_options redaction;
};

/** Reads the name of a kind of work. @return false if it is none. */
bool wht_work_from_name(const char *name, enum wht_work *work);

/** Works until the parent closes the pipe. @return an exit code. */
int wht_worker_run(const struct wht_worker_options *options);

#endif
