/* SPDX-License-Identifier: MIT */
/**
 * @file map.h
 * What came before, and a number for each: ids, messages that several workers send, folders that
 * several links lead to.
 */
#ifndef WHVTRACE_BASE_MAP_H
#define WHVTRACE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wht_map_slot;

/** Numbers by keys of any bytes. Zero-initialise; release with wht_map_free(). Running out of
 * memory aborts. */
struct wht_map {
    struct wht_map_slot *slots; /**< a power of two of them */
    size_t capacity;
    size_t count; /**< keys */
};

/** @return whether a key comes for the first time; it is there from now on. */
bool wht_map_add(struct wht_map *map, const void *key, size_t size);

/** @return whether a key is there. */
bool wht_map_has(const struct wht_map *map, const void *key, size_t size);

/** @return the number of a key, which is added with 0 if need be; valid until the next one comes.
 */
uint64_t *wht_map_at(struct wht_map *map, const void *key, size_t size);

void wht_map_free(struct wht_map *map);

#endif
