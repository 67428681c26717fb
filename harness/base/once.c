/* SPDX-License-Identifier: MIT */
#include "once.h"

#include <stdlib.h>

static uint64_t *slot_of(const struct wht_once *once, uint64_t hash)
{
    size_t at = (size_t)hash & (once->capacity - 1);
    while (once->slots[at] != 0 && once->slots[at] != hash)
        at = (at + 1) & (once->capacity - 1);
    return &once->slots[at];
}

static void grow(struct wht_once *once)
{
    struct wht_once grown = {.capacity = once->capacity ? 2 * once->capacity : 64,
                             .count = once->count};
    if (2 * once->count + 2 < once->capacity)
        return;
    grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
    if (!grown.slots)
        abort();
    for (size_t i = 0; i < once->capacity; i++)
        if (once->slots[i] != 0)
            *slot_of(&grown, once->slots[i]) = once->slots[i];
    free(once->slots);
    *once = grown;
}

bool wht_once(struct wht_once *once, const char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)bytes[i]) * UINT64_C(0x100000001b3);
    hash += hash == 0;
    grow(once);
    uint64_t *slot = slot_of(once, hash);
    if (*slot == hash)
        return false;
    *slot = hash;
    once->count++;
    return true;
}

void wht_once_free(struct wht_once *once)
{
    free(once->slots);
    *once = (struct wht_once){.slots = NULL};
}
