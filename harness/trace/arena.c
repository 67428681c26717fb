/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096u

struct block {
    struct block *next;
    size_t size;
    size_t used;
    _Alignas(16) unsigned char data[];
};

struct wht_arena {
    struct block *blocks;
};

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory) {
        fputs("whvtrace: out of memory\n", stderr);
        abort();
    }
    return memory;
}

struct wht_arena *wht_arena_new(void)
{
    return allocate(sizeof(struct wht_arena));
}

void wht_arena_free(struct wht_arena *arena)
{
    if (!arena)
        return;
    while (arena->blocks) {
        struct block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    free(arena);
}

static struct block *add_block(struct wht_arena *arena, size_t size)
{
    struct block *block = allocate(sizeof(*block) + size);
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *wht_arena_take(struct wht_arena *arena, size_t size)
{
    struct block *block = arena->blocks;
    size = (size + 15) & ~(size_t)15;
    if (!block || block->size - block->used < size)
        block = add_block(arena, size > BLOCK ? size : BLOCK);
    void *memory = block->data + block->used;
    block->used += size;
    return memory;
}

char *wht_arena_copy(struct wht_arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(wht_arena_take(arena, size), text, size);
}
