/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <string.h>

#include "base/json_write.h"

void wht_members_add(struct wht_build *made, const struct wht_node *node)
{
    for (const struct wht_node *member = node->first; member; member = member->next) {
        if (strcmp(member->key, "format") == 0 || strcmp(member->key, "id") == 0 ||
            strcmp(member->key, "$schema") == 0)
            continue;
        struct wht_node *copy = wht_arena_take(made->arena, sizeof(*copy));
        *copy = *member;
        copy->next = NULL;
        wht_build_add(made, member->key, copy);
    }
}

struct tail {
    struct wht_text *out;
    size_t skipped; /* bytes at the front that are left out */
};

static void add_to_tail(void *user, const char *bytes, size_t size)
{
    struct tail *tail = user;
    size_t skip = tail->skipped < size ? tail->skipped : size;
    tail->skipped -= skip;
    wht_text_add_bytes(tail->out, bytes + skip, size - skip);
}

void wht_members_write(struct wht_text *out, const struct wht_node *node)
{
    struct tail tail = {.out = out, .skipped = 1};
    const struct wht_writer writer = {.write = add_to_tail, .user = &tail};
    struct wht_arena *arena = wht_arena_new();
    struct wht_build made = wht_build_new(arena, WHT_NODE_OBJECT);
    wht_members_add(&made, node);
    wht_write_line(&writer, made.node);
    wht_arena_free(arena);
}
