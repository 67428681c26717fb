/* SPDX-License-Identifier: MIT */
/**
 * @file blend.h
 * What came out of an emulator as the expectation of a case, in the form that its author gave it:
 * what was left open stays open where what came out is within it, and nothing else becomes open.
 */
#ifndef WHVTRACE_SESSION_BLEND_H
#define WHVTRACE_SESSION_BLEND_H

#include "guest.h"

enum wht_blend_calls {
    /** Elements that fit stay, groups and repeats among them; those that nearly fit are adapted. */
    WHT_BLEND_FITTING,
    /** Every compared callback as it was made. */
    WHT_BLEND_LITERAL
};

/**
 * Changes what a case expects to what came out.
 * @param c    is changed; its level and all but its expectation stay.
 * @param made a recording of it (recorder.h).
 * @return false if memory ran out.
 */
bool wht_blend(struct wht_case *c, const struct wht_case *made, enum wht_blend_calls calls);

/** Used by wht_blend(), in blend_calls.c. @param guest of the case. */
void wht_blend_elements(struct wht_case *c, const struct wht_case *made,
                        const struct wht_guest *guest, enum wht_blend_calls how);

/**
 * Makes a register's expectation one that a value fulfils, if it does not yet: under its mask, and
 * of bits that are not compared nothing changes.
 */
void wht_blend_want(struct wht_case *c, struct wht_want_reg *want, const WHV_REGISTER_VALUE *value);

/** The same for bytes, which are as many. */
void wht_blend_bytes(struct wht_case *c, struct wht_bytes *bytes, const uint8_t *data);

#endif
