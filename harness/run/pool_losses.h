/* SPDX-License-Identifier: MIT */
/**
 * @file pool_losses.h
 * The workers of a run, and what happens when one of them is lost. Internal to pool.c and
 * pool_losses.c.
 */
#ifndef WHVTRACE_RUN_POOL_LOSSES_H
#define WHVTRACE_RUN_POOL_LOSSES_H

#include "base/map.h"
#include "lost.h"
#include "pool.h"
#include "pool_arguments.h"
#include "process.h"
#include "schedule.h"

struct wht_pool_worker {
    struct wht_process *process;
    struct wht_chunk *chunk;
    struct wht_text in; /* bytes that are no whole frame yet */
    uint64_t heard_ms;
    size_t last_file;
    bool has_greeted; /* it is the same program */
    bool is_ready;
    bool has_begun; /* a careful case is running */
    bool is_timed_out;
    struct wht_text begun; /* the fields of its announcement */
};

struct wht_pool {
    const struct wht_pool_options *options;
    const struct wht_pool_handler *handler;
    struct wht_schedule schedule;
    struct wht_pool_worker *workers;
    size_t worker_count;
    struct wht_pool_arguments arguments;
    char not_run[96];      /* why cases are not run any more */
    struct wht_map errors; /* told: a file that several workers read reports once */
    size_t files_done;
    uint64_t other_shards; /* cases that belong to them */
    bool has_passed;       /* some case */
    unsigned losses;       /* until then, weighed */
    unsigned crashes;
    unsigned timeouts;
    bool has_given_up;
    bool is_not_running; /* what is left is only told */
    bool keeps_handle;   /* Destroy, or a second Create, cannot be called */
    bool is_stopped;
    bool has_emulator_failed;
    bool has_no_process;
    char *message; /* of the outcome */
};

/** Fills in the command line of workers as it is from here on. */
void wht_pool_fill(struct wht_pool *pool);

/** A worker is gone or has to go: its case is lost, its chunk is run again, or the emulator is to
 * blame. */
void wht_pool_conclude_loss(struct wht_pool *pool, struct wht_pool_worker *w);

/** Says, for the run as a whole and once, what is wrong with the emulator. */
void wht_pool_blame(struct wht_pool *pool, const char *function, const char *when,
                    const struct wht_lost *lost);

/** Says so if the emulator did not destroy its handle. */
void wht_pool_check_destroyed(struct wht_pool *pool, const struct wht_lost *lost);

#endif
