/* SPDX-License-Identifier: MIT */
/**
 * @file hash.h
 * FNV-1a with 64 bits: for tables and for shares of a whole, not against those who want equal
 * hashes. Its low bits alone are uneven for texts that are nearly equal.
 */
#ifndef WHVTRACE_BASE_HASH_H
#define WHVTRACE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** The hash of nothing. */
#define WHT_HASH UINT64_C(0xcbf29ce484222325)

/** @return a hash that one value more went into. */
static inline uint64_t wht_hash_add(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x100000001b3);
}

/** The same, a byte at a time. */
static inline uint64_t wht_hash_add_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = wht_hash_add(hash, byte[i]);
    return hash;
}

/** The same, the letters of a text. */
static inline uint64_t wht_hash_add_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = wht_hash_add(hash, (uint8_t)*text);
    return hash;
}

/** @return a hash whose upper bits depend on all that went in. */
static inline uint64_t wht_hash_spread(uint64_t hash)
{
    return (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

#endif
