/* SPDX-License-Identifier: MIT */
/**
 * @file copy.h
 * Strings that somebody else's memory need not outlive.
 */
#ifndef WHVTRACE_TRACE_COPY_H
#define WHVTRACE_TRACE_COPY_H

#include <stdlib.h>
#include <string.h>

/** @return a copy of size bytes with a 0 behind them, to be released with free(); never NULL. */
static inline char *wht_copy_bytes(const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    copy[size] = 0;
    return copy;
}

/** The same of a string. */
static inline char *wht_copy_text(const char *text)
{
    return wht_copy_bytes(text, strlen(text));
}

#endif
