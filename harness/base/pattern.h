/* SPDX-License-Identifier: MIT */
/**
 * @file pattern.h
 * Patterns by which tests are named.
 */
#ifndef WHVTRACE_BASE_PATTERN_H
#define WHVTRACE_BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/** @return whether a pattern, in which `*` stands for any run of characters, stands for a text. */
bool wht_pattern_is(const char *pattern, const char *text);

/** @return whether a text contains a pattern, in which `*` stands for any run and `?` for any
 * character. */
bool wht_pattern_is_in(const char *pattern, const char *text);

/** @return whether a pattern, in which `*` stands for any run and `?` for any character, stands for
 * a text of size bytes; upper and lower case are the same. */
bool wht_pattern_is_like(const char *pattern, const char *text, size_t size);

#endif
