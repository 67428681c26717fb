/* SPDX-License-Identifier: MIT */
/**
 * @file seen.h
 * How often something was seen, by a 64-bit key; without locks and in bounded memory.
 */
#ifndef WHVCAPTURE_SEEN_H
#define WHVCAPTURE_SEEN_H

#include <stddef.h>
#include <stdint.h>

/** @return a key that depends on both. */
static inline uint64_t whvc_mix(uint64_t key, uint64_t value)
{
    key = (key ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return key ^ key >> 29;
}

/** As whvc_mix, for a number of bytes. */
static inline uint64_t whvc_mix_bytes(uint64_t key, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        key = whvc_mix(key, bytes[i] | 0x100u);
    return key;
}

/**
 * Counts one more sight of a key.
 * @return how often it was seen before; UINT32_MAX if there is no room for another key.
 */
uint32_t whvc_seen(uint64_t key);

#endif
