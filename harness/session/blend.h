/* SPDX-License-Identifier: MIT */
/**
 * @file blend.h
 * What came out of an emulator as the expectation of a case, in the form that its author gave it:
 * what was left open stays open where what came out is within it, and nothing else becomes open.
 */
#ifndef WHVTRACE_SESSION_BLEND_H
#define WHVTRACE_SESSION_BLEND_H

#include "blend_calls.h"

/**
 * Changes what a case expects to what came out.
 * @param c    is changed; its level and all but its expectation stay.
 * @param made a recording of it (recorder.h).
 * @return false if memory ran out.
 */
bool wht_blend(struct wht_case *c, const struct wht_case *made, enum wht_blend_calls calls);

#endif
