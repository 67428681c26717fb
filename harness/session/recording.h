/* SPDX-License-Identifier: MIT */
/**
 * @file recording.h
 * A recording in progress: the callbacks of one call. Internal to replay.
 */
#ifndef WHVTRACE_SESSION_RECORDING_H
#define WHVTRACE_SESSION_RECORDING_H

#include "answers.h"
#include "guest.h"
#include "recorder.h"

/** One call of the emulator. It is the Context of the callbacks. */
struct wht_record_run {
    struct wht_guest *guest;
    struct wht_answers *answers;
    struct wht_arena *arena; /**< holds what the elements point to */
    unsigned flipped;        /**< mask of 1 << enum wht_poison that get the second poison */

    struct wht_call *calls; /**< grows; kept for the next call */
    size_t count;
    size_t capacity;
    size_t units; /**< elements and their registers */
    uint64_t digest;
    const char *problem;
    uint32_t broken;
    uint32_t patterned;
    uint32_t uncaptured;
    bool has_failed;
    bool is_set_done;
    bool is_set_called;
};

/** Two values that differ in every bit. */
#define WHT_POISON_FIRST  0xa5u
#define WHT_POISON_SECOND 0x5au

static inline uint8_t wht_record_poison(const struct wht_record_run *run, enum wht_poison poison)
{
    return run->flipped >> poison & 1 ? WHT_POISON_SECOND : WHT_POISON_FIRST;
}

/** The callbacks; their Context is the run that is active on this thread. */
extern const WHV_EMULATOR_CALLBACKS wht_record_callbacks;
void wht_record_activate(struct wht_record_run *run);

/** Notes why no case can say what happened; the first reason counts. */
void wht_record_problem(struct wht_record_run *run, const char *text);

#endif
