/* SPDX-License-Identifier: MIT */
/**
 * @file filter.h
 * Expressions over what is said of a case:
 *
 *     EXPRESSION  not E, E and E, E or E, (E); also ! & |; `and` binds more than `or`
 *     FIELD(P)    one of the field's words is like the pattern P, in which * and ? are wild
 *     FIELD(P, P) likewise, one of several patterns
 *
 * Fields stand in case_fields.def. Upper and lower case are the same. Every word of a case is
 * compared whole; a case without a word in a field fails each pattern.
 */
#ifndef WHVTRACE_RUN_FILTER_H
#define WHVTRACE_RUN_FILTER_H

#include "format/model.h"

struct wht_filter;

/**
 * @param error receives what is wrong with the text, n bytes.
 * @return NULL if it is no expression, or one with more than 1,000 parts or 100 levels; release
 * with wht_filter_free().
 */
struct wht_filter *wht_filter_parse(const char *text, char *error, size_t n);

void wht_filter_free(struct wht_filter *filter);

/** @return whether a case fulfils an expression. */
bool wht_filter_accepts(const struct wht_filter *filter, const struct wht_case *c);

/** Prints what fields there are, for the help. */
void wht_filter_print_fields(void);

#endif
