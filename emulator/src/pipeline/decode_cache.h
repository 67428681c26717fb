/* SPDX-License-Identifier: MIT */
/**
 * @file decode_cache.h
 * Decoded instructions of one handle. RIP only tells where to look: an entry is used if the mode
 * and every byte of the instruction are equal, so that a changed guest, another address space or
 * another virtual processor can never be served a wrong instruction.
 */
#ifndef WHE_DECODE_CACHE_H
#define WHE_DECODE_CACHE_H

#include <string.h>

#include "fast.h"
#include "insn.h"
#include "mode.h"

#define WHE_CACHE_ENTRIES 256

#define WHE_CACHE_ENTRY_SIZE 512 /* a power of two, so that finding an entry is a shift */

union whe_cache_entry {
    struct {
        /** The instruction's bytes, zero after its end. */
        uint64_t bytes[2];
        /** Ff for each byte of the instruction. */
        uint64_t mask[2];
        /** whe_mode_key_with_flags(); 0: the entry is empty. */
        uint64_t mode_key;
        /** Of an exit with that key. */
        struct whe_mode mode;
        /** How the common exit runs. */
        struct whe_fast fast;
        struct whe_insn insn;
    };
    uint8_t whole[WHE_CACHE_ENTRY_SIZE];
};

_Static_assert(sizeof(union whe_cache_entry) == WHE_CACHE_ENTRY_SIZE, "it fits");

struct whe_decode_cache {
    union whe_cache_entry entry[WHE_CACHE_ENTRIES];
};

/** @return the one place where an instruction at rip may be cached. */
static inline union whe_cache_entry *whe_cache_slot(struct whe_decode_cache *cache, uint64_t rip)
{
    return &cache->entry[(rip ^ rip >> 8) % WHE_CACHE_ENTRIES];
}

/**
 * @param mode_key whe_mode_key_with_flags() of the exit.
 * @param bytes    16 readable bytes.
 * @param count    how many of them are the guest's.
 * @return the entry of the instruction, or NULL.
 */
static inline const union whe_cache_entry *whe_cache_find(struct whe_decode_cache *cache,
                                                          uint64_t mode_key, uint64_t rip,
                                                          const uint8_t *bytes, unsigned count)
{
    const union whe_cache_entry *entry = whe_cache_slot(cache, rip);
    uint64_t words[2];
    memcpy(words, bytes, sizeof(words));
    uint64_t differ = ((words[0] & entry->mask[0]) ^ entry->bytes[0]) |
                      ((words[1] & entry->mask[1]) ^ entry->bytes[1]);
    if (differ != 0 || entry->insn.length > count || entry->mode_key != mode_key)
        return NULL;
    return entry;
}

/** Remembers an instruction in place of whatever is in its slot. @return the cached copy. */
const struct whe_insn *whe_cache_store(struct whe_decode_cache *cache, uint64_t mode_key,
                                       const struct whe_mode *mode, uint64_t rip,
                                       const uint8_t *bytes, const struct whe_insn *insn);

#endif
