/* SPDX-License-Identifier: MIT */
/**
 * @file blend_calls.h
 * The callbacks that were made, in the form of the elements that a case has.
 */
#ifndef WHVTRACE_SESSION_BLEND_CALLS_H
#define WHVTRACE_SESSION_BLEND_CALLS_H

#include "guest.h"

enum wht_blend_calls {
    /** Elements that fit stay, groups and repeats among them; those that nearly fit are adapted. */
    WHT_BLEND_FITTING,
    /** Every compared callback as it was made. */
    WHT_BLEND_LITERAL
};

/** Changes the elements that a case expects. @param made a recording of it. @param guest of the
 * case. */
void wht_blend_elements(struct wht_case *c, const struct wht_case *made,
                        const struct wht_guest *guest, enum wht_blend_calls how);

#endif
