/* SPDX-License-Identifier: MIT */
/**
 * @file blend_value.h
 * What came out, within what a register or bytes leave open.
 */
#ifndef WHVTRACE_SESSION_BLEND_VALUE_H
#define WHVTRACE_SESSION_BLEND_VALUE_H

#include "format/model.h"

/**
 * Makes a register's expectation one that a value fulfils, if it does not yet: under its mask, and
 * of bits that are not compared nothing changes.
 */
void wht_blend_want(struct wht_case *c, struct wht_want_reg *want, const WHV_REGISTER_VALUE *value);

/** The same for bytes, which are as many. */
void wht_blend_bytes(struct wht_case *c, struct wht_bytes *bytes, const uint8_t *data);

#endif
