/* SPDX-License-Identifier: MIT */
/**
 * @file arena.h
 * Memory that is released all at once. A case and all that it points to live in one arena.
 */
#ifndef WHVTRACE_BASE_ARENA_H
#define WHVTRACE_BASE_ARENA_H

#include <stddef.h>

struct wht_arena;

/** @return a new arena; the process ends with a message if memory runs out. */
struct wht_arena *wht_arena_new(void);

/** Releases an arena and all that came from it; NULL is allowed. */
void wht_arena_free(struct wht_arena *arena);

/** Releases all that came from an arena; it can be used again. */
void wht_arena_reset(struct wht_arena *arena);

/** @return size bytes, zeroed and aligned for any type; never NULL. */
void *wht_arena_take(struct wht_arena *arena, size_t size);

/** As wht_arena_take, but not zeroed. */
void *wht_arena_take_raw(struct wht_arena *arena, size_t size);

/** @return the bytes that an arena holds, used or not. */
size_t wht_arena_held(const struct wht_arena *arena);

/** @return a copy of text. */
char *wht_arena_copy(struct wht_arena *arena, const char *text);

#endif
