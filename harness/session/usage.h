/* SPDX-License-Identifier: MIT */
/**
 * @file usage.h
 * Which entries of `memory` and `pages` a case makes use of, by a replay with the built-in
 * emulator. One thread at a time.
 */
#ifndef WHVTRACE_SESSION_USAGE_H
#define WHVTRACE_SESSION_USAGE_H

#include "format/load.h"

struct wht_usage;

/** @return NULL if memory ran out. */
struct wht_usage *wht_usage_open(void);
/** NULL is allowed. */
void wht_usage_close(struct wht_usage *usage);

/**
 * Calls the emulator once for a case; a wht_usage_fn (format/load.h) whose user is a wht_usage. The
 * call is ended after a fixed number of callbacks and a tenth of a second, and after some dozens of
 * such calls no more are made, so that no file holds anybody up.
 * @return false if the call came to no end that says anything: too many callbacks, a read that
 *         nothing answers, an instruction that the emulator does not know.
 */
bool wht_usage_find(void *usage, const struct wht_case *c, bool *memory, bool *pages);

#endif
