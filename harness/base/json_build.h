/* SPDX-License-Identifier: MIT */
/**
 * @file json_build.h
 * Making nodes that are to be written: objects, lists and values, member by member.
 *
 * Keys are not copied; strings are. Everything lives in the arena.
 */
#ifndef WHVTRACE_BASE_JSON_BUILD_H
#define WHVTRACE_BASE_JSON_BUILD_H

#include "json_node.h"

/** An object or list that grows at its end. */
struct wht_build {
    struct wht_arena *arena;
    struct wht_node *node;
    struct wht_node **tail;
};

/** Begins an object or list. */
struct wht_build wht_build_new(struct wht_arena *arena, enum wht_node_kind kind);

/** @return a string of its own. */
struct wht_node *wht_build_string(struct wht_arena *arena, const char *text);
struct wht_node *wht_build_bool(struct wht_arena *arena, bool value);
struct wht_node *wht_build_count(struct wht_arena *arena, int64_t value);
/** @return the string "0x...". */
struct wht_node *wht_build_hex(struct wht_arena *arena, uint64_t value);
/** @return the string "0x...", as short as it can be. */
struct wht_node *wht_build_hex128(struct wht_arena *arena, uint64_t high, uint64_t low);

/**
 * @return bytes as hex pairs, `??` where mask is 0; many of them without the blanks between pairs,
 * so that the limit for strings holds what the limit for bytes holds.
 * @param mask NULL: every byte counts.
 */
struct wht_node *wht_build_bytes(struct wht_arena *arena, const uint8_t *data, const uint8_t *mask,
                                 size_t size);

/** Adds a value; key is NULL in a list. The node must stand nowhere else. */
void wht_build_add(struct wht_build *build, const char *key, struct wht_node *value);

#endif
