/* SPDX-License-Identifier: MIT */
/**
 * @file diff.h
 * The end of a call: what is left to compare when the emulator has returned. Internal to replay.
 */
#ifndef WHVTRACE_SESSION_DIFF_H
#define WHVTRACE_SESSION_DIFF_H

#include "run.h"

/**
 * Completes run->result: contract, missing callbacks, HRESULT, status, registers, memory, fault,
 * trap.
 * @param status        the status word after the call.
 * @param status_poison what it held before.
 */
void wht_judge(struct wht_run *run, HRESULT hr, uint32_t status, uint32_t status_poison);

/** Continues the run's digest over the final state, so that two calls can be compared. */
uint64_t wht_final_digest(const struct wht_run *run);

#endif
