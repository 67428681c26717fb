/* SPDX-License-Identifier: MIT */
/**
 * @file notes.h
 * The observer of a session that writes it down: every callback as the element of a case, with its
 * answer. It judges nothing; what no element can say ends the call.
 */
#ifndef WHVTRACE_SESSION_NOTES_H
#define WHVTRACE_SESSION_NOTES_H

#include "base/arena.h"
#include "session.h"

/** Callbacks and registers in batches that one recording holds. */
#define WHT_RECORD_MAX 150000u

/** One call of the emulator. */
struct wht_notes {
    struct wht_arena *arena; /**< holds what the elements point to */
    struct wht_call *calls;  /**< grows; kept for the next call */
    size_t count;
    size_t capacity;
    size_t units; /**< elements and their registers */
    uint64_t digest;
    const char *problem; /**< why no case can say what happened, or NULL */
    uint32_t broken;     /**< mask of 1 << enum wht_rule */
    uint32_t patterned;  /**< reads that wht_pattern_byte() answered */
    uint32_t uncaptured; /**< registers that the case does not know, asked for */
};

/** Calls the emulator for the session's case, and notes what it does. */
void wht_notes_call(struct wht_notes *notes, struct wht_session *session,
                    const struct wht_handles *handles, unsigned flipped);

/** @return what a device or port that nobody described holds at an address. */
uint8_t wht_pattern_byte(uint64_t address);

#endif
