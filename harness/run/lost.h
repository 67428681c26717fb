/* SPDX-License-Identifier: MIT */
/**
 * @file lost.h
 * What is known of a worker that is gone, in words: how and where it ended, how far its case came,
 * what it said last.
 */
#ifndef WHVTRACE_RUN_LOST_H
#define WHVTRACE_RUN_LOST_H

#include "base/text.h"
#include "process.h"
#include "session/progress.h"

struct wht_lost {
    struct wht_process_left left;
    /** Of its shared bytes, made safe to read. */
    struct wht_progress progress;
    bool is_timed_out;
    uint64_t timeout_ms;
};

/** Ends a process and takes what is left of it. @return whether it ended well by itself. */
bool wht_lost_take(struct wht_lost *lost, struct wht_process *process, bool is_timed_out,
                   uint64_t timeout_ms);

/** Copies what a process shares, made safe to read. @return false if it shares nothing. */
bool wht_lost_peek(const struct wht_process *process, struct wht_progress *progress);

/** Adds how it ended and where: "crashed with SIGSEGV in mine.so+0x1234". */
void wht_lost_end(struct wht_text *text, const struct wht_lost *lost);

/** Adds a case's first line: its end, and how far it came. */
void wht_lost_cause(struct wht_text *text, const struct wht_lost *lost);

/** Adds lines for a case's block. */
void wht_lost_block(struct wht_text *text, const struct wht_lost *lost);

/** Adds the same as a JSON object. */
void wht_lost_json(struct wht_text *text, const struct wht_lost *lost);

#endif
