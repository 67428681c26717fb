/* SPDX-License-Identifier: MIT */
/**
 * @file source.h
 * Where a case came from.
 */
#ifndef WHVTRACE_FORMAT_SOURCE_H
#define WHVTRACE_FORMAT_SOURCE_H

#include "check.h"

/** Reads a `source` object; its texts are copied into check->arena. */
bool wht_take_source(struct wht_check *check, const struct wht_node *node,
                     struct wht_source *source);

#endif
