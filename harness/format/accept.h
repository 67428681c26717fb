/* SPDX-License-Identifier: MIT */
/**
 * @file accept.h
 * What stands between a program that makes cases and a file: nothing is written that the loader
 * would refuse.
 */
#ifndef WHVTRACE_FORMAT_ACCEPT_H
#define WHVTRACE_FORMAT_ACCEPT_H

#include "base/json_node.h"
#include "model.h"

#define WHT_ACCEPT_ERROR_MAX 512

/**
 * Prints a case and judges what is printed as the loader would, as a line of a corpus without
 * defaults.
 * @param arena receives the result.
 * @param made  a case that was made (model.h).
 * @param error WHT_ACCEPT_ERROR_MAX bytes; receives the first thing that is wrong, and where.
 * @return the case in its canonical form, or NULL.
 */
struct wht_node *wht_accept_case(struct wht_arena *arena, const struct wht_case *made, char *error);

#endif
