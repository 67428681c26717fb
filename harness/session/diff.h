/* SPDX-License-Identifier: MIT */
/**
 * @file diff.h
 * The end of a call: what is left to compare when the emulator has returned.
 */
#ifndef WHVTRACE_SESSION_DIFF_H
#define WHVTRACE_SESSION_DIFF_H

#include "judge.h"

/** Completes judge->result: missing callbacks, HRESULT, status, registers, memory, fault, trap. */
void wht_judge_end(struct wht_judge *judge);

/** Continues the digest over the final state, so that two calls can be compared. */
uint64_t wht_final_digest(const struct wht_judge *judge);

#endif
