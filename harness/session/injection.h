/* SPDX-License-Identifier: MIT */
/**
 * @file injection.h
 * Elements of a case that change an answer of its guest, once each, where no order is compared: a
 * callback that fails, a translation with another result. traces/FORMAT.md, "Levels".
 */
#ifndef WHVTRACE_SESSION_INJECTION_H
#define WHVTRACE_SESSION_INJECTION_H

#include "match.h"

struct wht_injection {
    const struct wht_call *call;
    bool is_used; /**< it has changed an answer */
};

/** Buffers grow as needed and serve case after case. */
struct wht_injections {
    struct wht_injection *items; /**< in the order of the case */
    size_t count;
    size_t capacity;
};

/** Finds those of a case. */
void wht_injections_load(struct wht_injections *injections, const struct wht_case *c);
/** None is used yet. */
void wht_injections_reset(struct wht_injections *injections);
void wht_injections_free(struct wht_injections *injections);

/**
 * Finds the first one that is meant by a callback, and uses it up.
 * @return NULL if the guest answers as usual.
 */
const struct wht_call *wht_injections_find(struct wht_injections *injections,
                                           const struct wht_event *event);

#endif
