/* SPDX-License-Identifier: MIT */
/**
 * @file pool.h
 * Runs the cases of files in worker processes. A crash or a hang costs one case.
 */
#ifndef WHVTRACE_RUN_POOL_H
#define WHVTRACE_RUN_POOL_H

#include "base/args.h"
#include "format/load.h"
#include "frame.h"
#include "redact_line.h"
#include "select.h"

/** What workers do with a case. */
enum wht_work {
    /** Its result is handed to on_case(). */
    WHT_WORK_JUDGE,
    /** What the emulator does is written down, for on_made(). */
    WHT_WORK_RECORD,
    /** Its data is replaced, likewise. */
    WHT_WORK_REDACT,
    /** What came out of it, if it fails, is made a pending result, likewise. */
    WHT_WORK_UPDATE
};

struct wht_pool_options {
    const char *emulator;
    enum wht_match level;
    /** Per case. */
    uint64_t timeout_ms;
    unsigned jobs;
    /** Cases of these files. */
    const struct wht_selection *selection;
    /** Files. */
    const struct wht_words *expectations;
    bool colours;
    /** Failures carry their JSON. */
    bool wants_detail;
    /** Cases carry what reports count them by. */
    bool wants_labels;
    /** What is done with a case. */
    enum wht_work work;
    struct wht_redaction_options redaction;
    /** If the emulator is lost in case after case and passes none. */
    bool gives_up;
    /** Then the others are told as skipped; otherwise the run just ends. */
    bool tells_not_run;
    /** From 1. */
    uint64_t shard;
    /** 1: every case is run. */
    uint64_t shard_count;
};

/**
 * How long a case, or loading the emulator, may take unless the user says otherwise, in seconds.
 */
#define WHT_TIMEOUT_DEFAULT 10u

/** @return options as all verbs begin with: the built-in emulator, strict, the default time, a
 * worker for each processor, every case, no shard. */
struct wht_pool_options wht_pool_defaults(void);

/** Take the values of --jobs and --timeout. @return false after saying what is wrong. */
bool wht_pool_take_jobs(struct wht_pool_options *options, const struct wht_args *args,
                        const char *name, const char *value);
bool wht_pool_take_timeout(struct wht_pool_options *options, const struct wht_args *args,
                           const char *value);

/** Option --match, of `enum wht_match member`. */
#define WHT_MATCH(state, member) WHT_TAKE_WORD(wht_take_match, state, member, wht_add_match_words)

/** Options --jobs and --timeout of `struct wht_pool_options member`. */
#define WHT_JOBS(state, member)    WHT_TAKE(wht_take_jobs, state, member)
#define WHT_TIMEOUT(state, member) WHT_TAKE(wht_take_timeout, state, member)
wht_take_fn wht_take_match, wht_take_jobs, wht_take_timeout;

/** Adds the names of the levels, with a blank before each. */
void wht_add_match_words(struct wht_text *words);

/** Receives results in the order of files and cases, whatever the number of workers. */
struct wht_pool_handler {
    void *user;
    /** @return false to stop the run. */
    bool (*on_case)(void *user, const struct wht_case_frame *result);
    /** As on_case(), for work that makes cases. */
    bool (*on_made)(void *user, const struct wht_made_frame *made);
    void (*on_error)(void *user, const struct wht_error *error);
    /** Called now and then; NULL: not wanted. */
    void (*on_tick)(void *user, size_t files_done);
};

/** How a run of cases ended. */
enum wht_pool_end {
    WHT_POOL_DONE,
    /** By the handler. */
    WHT_POOL_STOPPED,
    WHT_POOL_INTERRUPTED,
    WHT_POOL_GAVE_UP,
    WHT_POOL_NO_EMULATOR,
    WHT_POOL_NO_PROCESS
};

#define WHT_POOL_MESSAGE_MAX 1024

struct wht_pool_outcome {
    enum wht_pool_end end;
    /** Selected cases that belong to them. */
    uint64_t other_shards;
    /** Why it ended early, or what is wrong with Create or Destroy; "" if all is well. */
    char message[WHT_POOL_MESSAGE_MAX];
};

/**
 * Runs the cases of files and hands over their results: what run, compare, record, dedupe and
 * redact stand on.
 */
void wht_run_cases(const struct wht_pool_options *options, const struct wht_file_list *files,
                   const struct wht_pool_handler *handler, struct wht_pool_outcome *outcome);

/** Says on stderr what the message of an outcome says. */
void wht_pool_tell(const char *verb, const struct wht_pool_outcome *outcome);

#endif
