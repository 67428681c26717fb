/* SPDX-License-Identifier: MIT */
#include "map.h"

#include "hash.h"
#include "str.h"

struct wht_map_slot {
    char *key; /* NULL: free */
    size_t size;
    uint64_t hash;
    uint64_t number;
};

/* @return where a key is, or would be. */
static struct wht_map_slot *find(const struct wht_map *map, uint64_t hash, const void *key,
                                 size_t size)
{
    size_t at = (size_t)hash & (map->capacity - 1);
    for (;; at = (at + 1) & (map->capacity - 1)) {
        struct wht_map_slot *slot = &map->slots[at];
        if (!slot->key ||
            (slot->hash == hash && slot->size == size && memcmp(slot->key, key, size) == 0))
            return slot;
    }
}

/* At least half of the slots are free, so that a search ends soon. */
static void grow(struct wht_map *map)
{
    struct wht_map grown = {.capacity = map->capacity ? 2 * map->capacity : 64,
                            .count = map->count};
    if (2 * map->count + 2 < map->capacity)
        return;
    grown.slots = wht_allocate(grown.capacity, sizeof(*grown.slots));
    for (size_t i = 0; i < map->capacity; i++) {
        const struct wht_map_slot *old = &map->slots[i];
        if (old->key)
            *find(&grown, old->hash, old->key, old->size) = *old;
    }
    free(map->slots);
    *map = grown;
}

static struct wht_map_slot *take(struct wht_map *map, const void *key, size_t size, bool *is_new)
{
    const uint64_t hash = wht_hash_add_bytes(WHT_HASH, key, size);
    grow(map);
    struct wht_map_slot *slot = find(map, hash, key, size);
    *is_new = !slot->key;
    if (*is_new) {
        *slot = (struct wht_map_slot){.key = wht_copy_bytes(key, size), .size = size, .hash = hash};
        map->count++;
    }
    return slot;
}

bool wht_map_add(struct wht_map *map, const void *key, size_t size)
{
    bool is_new;
    take(map, key, size, &is_new);
    return is_new;
}

uint64_t *wht_map_at(struct wht_map *map, const void *key, size_t size)
{
    bool is_new;
    return &take(map, key, size, &is_new)->number;
}

bool wht_map_has(const struct wht_map *map, const void *key, size_t size)
{
    return map->count > 0 && find(map, wht_hash_add_bytes(WHT_HASH, key, size), key, size)->key;
}

void wht_map_free(struct wht_map *map)
{
    for (size_t i = 0; i < map->capacity; i++)
        free(map->slots[i].key);
    free(map->slots);
    *map = (struct wht_map){.slots = NULL};
}
