/* SPDX-License-Identifier: MIT */
/**
 * @file divergence.h
 * The part of a failure block that shows the callbacks up to the first divergence.
 */
#ifndef WHVTRACE_EXPLAIN_DIVERGENCE_H
#define WHVTRACE_EXPLAIN_DIVERGENCE_H

#include "base/text.h"
#include "session/result.h"

/** Adds the last callbacks that came as expected, then the one that did not. */
void wht_report_divergence(struct wht_text *text, bool colours, const struct wht_case *c,
                           const struct wht_result *r);

#endif
