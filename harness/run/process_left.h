/* SPDX-License-Identifier: MIT */
/**
 * @file process_left.h
 * What the ends of a process have in common on all platforms.
 */
#ifndef WHVTRACE_RUN_PROCESS_LEFT_H
#define WHVTRACE_RUN_PROCESS_LEFT_H

#include "process.h"
#include "said.h"

/**
 * Fills in what is left of a process that "did not end"; how it ended is the platform's to say.
 * @param shared the bytes that it shared, or NULL.
 */
void wht_process_left_take(struct wht_process_left *left, const void *shared,
                           const struct wht_said *said);

#endif
