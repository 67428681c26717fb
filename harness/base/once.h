/* SPDX-License-Identifier: MIT */
/**
 * @file once.h
 * What came before: messages that several workers send, folders that several links lead to.
 */
#ifndef WHVTRACE_BASE_ONCE_H
#define WHVTRACE_BASE_ONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A set of hashes. Zero-initialise; release with wht_once_free(). */
struct wht_once {
    uint64_t *slots; /**< 0: free */
    size_t capacity; /**< a power of two */
    size_t count;
};

/** @return whether these bytes come for the first time. Running out of memory aborts. */
bool wht_once(struct wht_once *once, const char *bytes, size_t size);
void wht_once_free(struct wht_once *once);

#endif
