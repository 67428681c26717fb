/* SPDX-License-Identifier: MIT */
#include "json_build.h"

#include <inttypes.h>
#include <stdio.h>

#include "hex.h"

#define BLANKS_MAX (64u << 10) /* bytes */

static struct wht_node *new_node(struct wht_arena *arena, enum wht_node_kind kind)
{
    struct wht_node *node = wht_arena_take(arena, sizeof(*node));
    node->kind = kind;
    return node;
}

struct wht_build wht_build_new(struct wht_arena *arena, enum wht_node_kind kind)
{
    struct wht_node *node = new_node(arena, kind);
    return (struct wht_build){.arena = arena, .node = node, .tail = &node->first};
}

struct wht_node *wht_build_string(struct wht_arena *arena, const char *text)
{
    struct wht_node *node = new_node(arena, WHT_NODE_STRING);
    node->string = wht_arena_copy(arena, text);
    return node;
}

struct wht_node *wht_build_bool(struct wht_arena *arena, bool value)
{
    struct wht_node *node = new_node(arena, WHT_NODE_BOOL);
    node->boolean = value;
    return node;
}

struct wht_node *wht_build_count(struct wht_arena *arena, int64_t value)
{
    struct wht_node *node = new_node(arena, WHT_NODE_NUMBER);
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, value);
    node->string = wht_arena_copy(arena, text);
    node->number = (double)value;
    node->is_integer = true;
    return node;
}

struct wht_node *wht_build_hex(struct wht_arena *arena, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof(text), "0x%" PRIx64, value);
    return wht_build_string(arena, text);
}

struct wht_node *wht_build_hex128(struct wht_arena *arena, uint64_t high, uint64_t low)
{
    char text[40];
    if (high == 0)
        return wht_build_hex(arena, low);
    snprintf(text, sizeof(text), "0x%" PRIx64 "%016" PRIx64, high, low);
    return wht_build_string(arena, text);
}

struct wht_node *wht_build_bytes(struct wht_arena *arena, const uint8_t *data, const uint8_t *mask,
                                 size_t size)
{
    struct wht_node *node = new_node(arena, WHT_NODE_STRING);
    char *text = wht_arena_take(arena, 3 * size + 1);
    *wht_hex_write(text, data, mask, size, size <= BLANKS_MAX) = 0;
    node->string = text;
    return node;
}

void wht_build_add(struct wht_build *build, const char *key, struct wht_node *value)
{
    value->key = key;
    value->parent = build->node;
    value->next = NULL;
    *build->tail = value;
    build->tail = &value->next;
}
