/* SPDX-License-Identifier: MIT */
/**
 * @file source.h
 * Where a case came from, as far as it is checked.
 */
#ifndef WHVTRACE_FORMAT_SOURCE_H
#define WHVTRACE_FORMAT_SOURCE_H

#include "check.h"

/** Checks a `source` object; nothing of it is kept. */
bool wht_take_source(struct wht_check *check, const struct wht_node *node);

#endif
