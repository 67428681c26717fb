/* SPDX-License-Identifier: MIT */
/**
 * @file str.h
 * Memory, running out of which ends the program, and what strings need of it.
 */
#ifndef WHVTRACE_BASE_STR_H
#define WHVTRACE_BASE_STR_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/** As realloc(), but it never returns NULL. */
void *wht_reallocate(void *old, size_t size);

/** As calloc(), but it never returns NULL. */
void *wht_allocate(size_t count, size_t size);

/**
 * Makes room for one more item.
 * @param items    those that there are; NULL if there are none yet.
 * @param count    how many.
 * @param capacity how many there is room for; brought up to date.
 * @param size     bytes of one.
 * @return where they are now.
 */
void *wht_grow(void *items, size_t count, size_t *capacity, size_t size);

/** @return a copy of size bytes with a 0 behind them, to be released with free(); never NULL. */
char *wht_copy_bytes(const void *bytes, size_t size);

/** The same of a string. */
char *wht_copy_text(const char *text);

/** @return what stands behind the last of some separators: of a path the name. */
const char *wht_last_part(const char *path, const char *separators);

static inline bool wht_ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text);
    const size_t tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

#endif
