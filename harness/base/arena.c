/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include "str.h"

#define BLOCK      4096u        /* the first block; each further one is twice as large, up to */
#define BLOCK_MAX  (256u << 10) /* this size */
#define BLOCK_KEPT (1u << 20)   /* largest block that a reset keeps */

struct block {
    struct block *next;
    size_t size;
    size_t used;
    _Alignas(16) unsigned char data[];
};

struct wht_arena {
    struct block *blocks;
    size_t held; /* bytes of all of them */
};

static void free_blocks(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

struct wht_arena *wht_arena_new(void)
{
    struct wht_arena *arena = wht_reallocate(NULL, sizeof(*arena));
    *arena = (struct wht_arena){.blocks = NULL};
    return arena;
}

void wht_arena_reset(struct wht_arena *arena)
{
    struct block *newest = arena->blocks;
    if (!newest)
        return;
    free_blocks(newest->next);
    newest->next = NULL;
    newest->used = 0;
    arena->held = newest->size;
    if (newest->size <= BLOCK_KEPT)
        return;
    free(newest);
    arena->blocks = NULL;
    arena->held = 0;
}

void wht_arena_free(struct wht_arena *arena)
{
    if (!arena)
        return;
    free_blocks(arena->blocks);
    free(arena);
}

static struct block *add_block(struct wht_arena *arena, size_t size)
{
    size_t wanted = arena->blocks ? 2 * arena->blocks->size : BLOCK;
    if (wanted > BLOCK_MAX)
        wanted = BLOCK_MAX;
    if (wanted < size)
        wanted = size;
    struct block *block = wht_reallocate(NULL, sizeof(*block) + wanted);
    block->size = wanted;
    block->used = 0;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->held += wanted;
    return block;
}

void *wht_arena_take_raw(struct wht_arena *arena, size_t size)
{
    struct block *block = arena->blocks;
    size = (size + 15) & ~(size_t)15;
    if (!block || block->size - block->used < size)
        block = add_block(arena, size);
    void *memory = block->data + block->used;
    block->used += size;
    return memory;
}

void *wht_arena_take(struct wht_arena *arena, size_t size)
{
    return memset(wht_arena_take_raw(arena, size), 0, size);
}

size_t wht_arena_held(const struct wht_arena *arena)
{
    return arena->held;
}

char *wht_arena_copy(struct wht_arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(wht_arena_take_raw(arena, size), text, size);
}
