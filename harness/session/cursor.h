/* SPDX-License-Identifier: MIT */
/**
 * @file cursor.h
 * A place in the expected sequence that advances with each callback, through groups and repeats.
 *
 * Matching is greedy and never goes back: an optional group whose first element accepts is entered
 * and must be finished; in any_order the first unfinished child that accepts is taken and must be
 * finished before the next. Elements that the level does not compare are passed over.
 * traces/FORMAT.md, "calls".
 */
#ifndef WHVTRACE_SESSION_CURSOR_H
#define WHVTRACE_SESSION_CURSOR_H

#include "match.h"

/** One level of nesting. */
struct wht_nesting {
    const struct wht_call *list;
    size_t count;
    size_t index;    /**< next element of a sequence; any_order: children before it are finished */
    uint64_t offset; /**< of the present turn */
    uint64_t step;
    uint32_t turns_left; /**< after the present one */
    bool is_any_order;
    size_t marks; /**< any_order: where its children's marks start in the cursor's */
};

/** Buffers grow as needed and serve case after case. */
struct wht_cursor {
    const struct wht_guest *guest;
    enum wht_match level;
    struct wht_nesting *frames;
    size_t depth;
    size_t capacity;
    bool *marks; /**< finished children of the any_order frames */
    size_t mark_count;
    size_t mark_capacity;
};

/** Starts at the first call of the guest's case. @return false if memory ran out. */
bool wht_cursor_start(struct wht_cursor *cursor, const struct wht_guest *guest,
                      enum wht_match level);
void wht_cursor_free(struct wht_cursor *cursor);

enum wht_step {
    WHT_STEP_MATCHED, /**< `at` is the element that accepted the callback */
    WHT_STEP_DIFFERS, /**< `at` is the element that should have come */
    WHT_STEP_AT_END,  /**< nothing more is expected */
    WHT_STEP_NO_MEMORY
};

/**
 * Advances over one callback.
 * @param event NULL asks whether the sequence may end here: DIFFERS if something is missing, else
 * AT_END.
 */
enum wht_step wht_cursor_step(struct wht_cursor *cursor, const struct wht_event *event,
                              struct wht_expected_call *at);

#endif
