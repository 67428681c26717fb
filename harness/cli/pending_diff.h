/* SPDX-License-Identifier: MIT */
/**
 * @file pending_diff.h
 * What a pending result changes, for people.
 */
#ifndef WHVTRACE_CLI_PENDING_DIFF_H
#define WHVTRACE_CLI_PENDING_DIFF_H

#include "base/text.h"
#include "format/model.h"
#include "run/pending.h"

/**
 * Adds a test's name, where the result comes from, and the difference of the expectation: a line
 * for each value that goes and each that comes.
 * @param c NULL: there is no such case any more.
 */
void wht_pending_show(struct wht_text *text, bool colours, const char *name,
                      const struct wht_case *c, const struct wht_pending *pending);

#endif
