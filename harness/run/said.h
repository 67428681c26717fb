/* SPDX-License-Identifier: MIT */
/**
 * @file said.h
 * The end of what a process has printed: a ring of bytes.
 */
#ifndef WHVTRACE_RUN_SAID_H
#define WHVTRACE_RUN_SAID_H

#include <stddef.h>

#include "process.h"

/** Zero-initialise. */
struct wht_said {
    char bytes[WHT_SAID_MAX];
    /** Where the next byte goes. */
    size_t at;
    /** Bytes that are kept. */
    size_t count;
};

/**
 * Takes bytes; a NUL forgets all before it.
 * @param bytes are moved together so that no NUL is among them.
 * @return how many are left.
 */
size_t wht_said_add(struct wht_said *said, char *bytes, size_t size);

/** Writes what is kept, NUL-terminated; WHT_SAID_MAX + 1 bytes. */
void wht_said_get(const struct wht_said *said, char *text);

#endif
