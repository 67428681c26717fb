/* SPDX-License-Identifier: MIT */
/**
 * @file match.h
 * Does a callback equal an expected element? traces/FORMAT.md, "calls".
 */
#ifndef WHVTRACE_SESSION_MATCH_H
#define WHVTRACE_SESSION_MATCH_H

#include "guest.h"
#include "result.h"

/** @return whether an element is one of the groups. */
bool wht_call_is_group(const struct wht_call *call);

/** @return the address that an element means inside a repeat: only a gpa moves. */
uint64_t wht_expected_address(const struct wht_expected_call *expected);

/** @return a mask of enum wht_call_field in which the callback differs from a single element; 0: it
 * is the one. */
unsigned wht_match(const struct wht_expected_call *expected, const struct wht_event *event);

/** Compares under the expectation's mask. */
bool wht_want_accepts(const struct wht_want_reg *want, const WHV_REGISTER_VALUE *value);

/** Compares the bits that the register has. */
bool wht_reg_equal(WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *a,
                   const WHV_REGISTER_VALUE *b);

/** @return whether the level compares an element: at device level accesses to devices, holes,
 * ports. */
bool wht_is_compared(const struct wht_guest *guest, enum wht_match level,
                     const struct wht_expected_call *expected);

/** Called for every single element in order, each turn of a repeat anew. @return false to stop. */
typedef bool wht_visit_fn(void *user, const struct wht_expected_call *expected);
bool wht_visit_calls(const struct wht_call *calls, size_t count, wht_visit_fn *visit, void *user);

/** As wht_visit_calls(), but a repeat's elements once, in its first turn. */
bool wht_visit_elements(const struct wht_call *calls, size_t count, wht_visit_fn *visit,
                        void *user);

/** @return how many elements the level compares, all turns and optional ones included. */
uint64_t wht_compared_count(const struct wht_guest *guest, enum wht_match level);

/** An element and its place. */
struct wht_nearest {
    struct wht_expected_call expected; /**< none if nothing has the callback's kind */
    uint64_t number;                   /**< among the compared elements, from 1 */
    bool is_equal;                     /**< it matches the callback */
};

/**
 * Finds the compared element most like the callback; of equally good ones that which stands nearest
 * to a place.
 * @param number the callback's own place, from 1.
 * @param not_at an element that does not count; its call may be NULL.
 */
struct wht_nearest wht_find_nearest(const struct wht_guest *guest, enum wht_match level,
                                    const struct wht_event *event, uint64_t number,
                                    const struct wht_expected_call *not_at);

#endif
