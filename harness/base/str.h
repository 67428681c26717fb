/* SPDX-License-Identifier: MIT */
/**
 * @file str.h
 * Strings and the memory that they need: running out of it ends the program.
 */
#ifndef WHVTRACE_BASE_STR_H
#define WHVTRACE_BASE_STR_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/** As realloc(), but it never returns NULL. */
static inline void *wht_reallocate(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (!memory)
        abort();
    return memory;
}

/** @return a copy of size bytes with a 0 behind them, to be released with free(); never NULL. */
static inline char *wht_copy_bytes(const char *bytes, size_t size)
{
    char *copy = wht_reallocate(NULL, size + 1);
    memcpy(copy, bytes, size);
    copy[size] = 0;
    return copy;
}

/** The same of a string. */
static inline char *wht_copy_text(const char *text)
{
    return wht_copy_bytes(text, strlen(text));
}

static inline bool wht_ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text);
    const size_t tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

#endif
