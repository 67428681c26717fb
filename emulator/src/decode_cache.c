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
    if (insn->is_plain && insn->place.is_flat && mode->specials == 0)
        entry->flat_exits = insn->exits;
    else
        entry->flat_exits = 0;
    entry->insn = *insn;
    return &entry->insn;
}
