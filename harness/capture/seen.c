/* SPDX-License-Identifier: MIT */
#include "seen.h"

#include <stdatomic.h>

#include "base/hash.h"

/* A boot has some hundred distinct instructions; 64 Ki keys are 1 MiB, of which the system only
   gives what is touched. */
#define SLOT_BITS 16
#define SLOTS     (1u << SLOT_BITS)
#define PROBES    64u

struct slot {
    _Atomic uint64_t key; /* 0: empty */
    _Atomic uint32_t count;
};

static struct slot slots[SLOTS];

uint32_t whvc_seen(uint64_t key)
{
    key |= key == 0;
    const uint64_t first = wht_hash_spread(key) >> (64 - SLOT_BITS);
    for (unsigned i = 0; i < PROBES; i++) {
        struct slot *slot = &slots[(first + i) % SLOTS];
        uint64_t found = atomic_load_explicit(&slot->key, memory_order_relaxed);
        if (found == 0 && atomic_compare_exchange_strong(&slot->key, &found, key))
            found = key;
        if (found != key)
            continue;
        uint32_t count = atomic_load_explicit(&slot->count, memory_order_relaxed);
        if (count < UINT32_MAX - 1)
            atomic_fetch_add_explicit(&slot->count, 1, memory_order_relaxed);
        return count;
    }
    return UINT32_MAX;
}
