/* SPDX-License-Identifier: MIT */
/**
 * @file expect_anew.h
 * What a case expects, by what a recording of it says.
 */
#ifndef WHVTRACE_CORPUS_EXPECT_ANEW_H
#define WHVTRACE_CORPUS_EXPECT_ANEW_H

#include "format/model.h"

/**
 * Lays what was recorded over what a case expects. What the case leaves open stays open, and what
 * its level does not compare is not listed.
 * @param recorded of the same case, strict; its expectation is changed.
 * @return a new case, which the caller owns; NULL where the case leaves open what one recording
 * cannot tell: orders, choices, single bytes of data, further registers.
 */
struct wht_case *wht_expect_anew(const struct wht_case *c, struct wht_case *recorded);

#endif
