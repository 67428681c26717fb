/* SPDX-License-Identifier: MIT */
/**
 * @file schedule.h
 * Which part of which file is run next, and in which order results are delivered.
 *
 * A file is cut into chunks of ordinals; where it ends is known only when a worker has come there.
 * Results are kept as frames until all chunks before theirs are delivered, so output never depends
 * on timing. How many chunks may wait is bounded.
 */
#ifndef WHVTRACE_RUN_SCHEDULE_H
#define WHVTRACE_RUN_SCHEDULE_H

#include "format/find.h"
#include "format/load.h"
#include "frame.h"

#define WHT_NO_FILE SIZE_MAX

struct wht_chunk {
    struct wht_chunk *next;
    size_t file;
    uint64_t from;
    uint64_t to;
    /** The first ordinal without a result. */
    uint64_t resume;
    bool is_running;
    bool is_done;
    /** Each case is announced before it runs, so that its crash is its own. */
    bool is_careful;
    struct wht_text frames;
};

struct wht_file_state {
    /** Where the next chunk starts. */
    uint64_t next;
    /** A worker has a chunk of it; only one at a time: the others would have to read it too. */
    bool is_running;
    /** No further chunk. */
    bool is_ended;
};

struct wht_schedule {
    const struct wht_file_list *files;
    struct wht_file_state *states;
    /** Files before it have ended. */
    size_t first_open;
    struct wht_chunk *chunks;
    size_t chunk_count;
};

void wht_schedule_init(struct wht_schedule *schedule, const struct wht_file_list *files);
void wht_schedule_free(struct wht_schedule *schedule);

/**
 * @param last_file the file that the worker has open, or WHT_NO_FILE.
 * @return the chunk to run next, marked as running; NULL: nothing to do for now.
 */
struct wht_chunk *wht_schedule_take(struct wht_schedule *schedule, size_t last_file);

/** Notes that a chunk is done; ended: the file has no further cases. */
void wht_schedule_done(struct wht_schedule *schedule, struct wht_chunk *chunk, bool ended);

/** Notes that a chunk must be taken up again, where it stands, by another worker. */
void wht_schedule_retry(struct wht_chunk *chunk);

/** @return the next chunk to deliver, taken out of the schedule, or NULL. */
struct wht_chunk *wht_schedule_deliver(struct wht_schedule *schedule);
void wht_chunk_free(struct wht_chunk *chunk);

/** @return whether everything was delivered. */
bool wht_schedule_is_empty(const struct wht_schedule *schedule);

#endif
