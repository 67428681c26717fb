/* SPDX-License-Identifier: MIT */
/**
 * @file unasked.h
 * Entries of `memory` and `pages` that no callback asked for, as a reason why a case fails.
 */
#ifndef WHVTRACE_EXPLAIN_UNASKED_H
#define WHVTRACE_EXPLAIN_UNASKED_H

#include "base/text.h"
#include "session/result.h"

/**
 * @return whether entries that nothing asked for (r->unasked) are likely why the call failed: not
 *         where the case says that they are meant so, nor where the call ended before its time.
 */
bool wht_unasked_explain(const struct wht_case *c, const struct wht_result *r);

/** @return whether a fault is missing because nothing asked for the page that r->unasked begins
 * with, which would have raised one. */
bool wht_unasked_hide_fault(const struct wht_case *c, const struct wht_result *r);

/** Adds "pages[0] was never asked for: the exit's own translation served" and the like. */
void wht_describe_unasked(struct wht_text *text, const struct wht_case *c,
                          const struct wht_unasked *unasked);

#endif
