/* SPDX-License-Identifier: MIT */
#include "decode_cache.h"

const struct whe_insn *whe_cache_store(struct whe_decode_cache *cache, uint64_t mode_key,
                                       const struct whe_mode *mode, uint64_t rip,
                                       const uint8_t *bytes, const struct whe_insn *insn)
{
    union whe_cache_entry *entry = whe_cache_slot(cache, rip);
    memset(entry->mask, 0, sizeof(entry->mask));
    memset(entry->mask, 0xff, insn->length);
    memset(entry->bytes, 0, sizeof(entry->bytes));
    memcpy(entry->bytes, bytes, insn->length);
    entry->mode_key = mode_key;
    entry->mode = *mode;
    entry->insn = *insn;
    whe_fast_init(&entry->fast, mode, &entry->insn);
    return &entry->insn;
}
