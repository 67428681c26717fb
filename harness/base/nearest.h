/* SPDX-License-Identifier: MIT */
/**
 * @file nearest.h
 * Words that may have been meant by another one. Distance counts letters that are changed, added,
 * dropped or exchanged with their neighbour; upper and lower case are the same.
 */
#ifndef WHVTRACE_BASE_NEAREST_H
#define WHVTRACE_BASE_NEAREST_H

#include <stddef.h>

/** @return the name nearest to text if it is near enough to be meant, otherwise NULL. */
const char *wht_did_you_mean(const char *text, const char *const *names, size_t count);

/**
 * As wht_did_you_mean(), for what is typed at a prompt: half the letters may differ, and a
 * beginning of three letters is enough.
 * @param candidates end with NULL.
 */
const char *wht_nearest_word(const char *word, const char *const *candidates);

#endif
