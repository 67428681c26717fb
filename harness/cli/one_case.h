/* SPDX-License-Identifier: MIT */
/**
 * @file one_case.h
 * The case that a verb is about which takes one.
 */
#ifndef WHVTRACE_CLI_ONE_CASE_H
#define WHVTRACE_CLI_ONE_CASE_H

#include "format/model.h"
#include "run/select.h"

/**
 * Reads the only case that paths mean: FILE#ID, or a file with a single case.
 * @param code receives the exit code if there is none.
 * @return the case, which the caller owns, or NULL after saying why there is none.
 */
struct wht_case *wht_read_one_case(const char *verb, const struct wht_words *paths, int *code);

#endif
