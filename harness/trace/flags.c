/* SPDX-License-Identifier: MIT */
#include "flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "node.h"
#include "paths.h"
#include "traces_builtin.h"

/* One flags.json; its arena is kept. */
struct list {
    struct list *next;
    char *path; /* "" for the built-in list */
    struct wht_arena *arena;
    struct wht_flag *flags;
    size_t count;
};

static struct list *lists;

static const char *text_of(const struct wht_node *object, const char *key)
{
    const struct wht_node *member =
        object->kind == WHT_NODE_OBJECT ? wht_node_member(object, key) : NULL;
    return member && member->kind == WHT_NODE_STRING ? member->string : "";
}

static void parse(struct list *list, const char *text, size_t size)
{
    struct wht_document document = {.arena = wht_arena_new(), .text = text, .first_line = 1};
    char error[128];
    size_t offset;
    if (!wht_document_parse(&document, size, error, &offset) ||
        document.root->kind != WHT_NODE_OBJECT) {
        fprintf(stderr, "%s: the flags cannot be read: %s\n", list->path,
                document.root ? "not an object" : error);
        wht_arena_free(document.arena);
        return;
    }
    list->arena = document.arena;
    list->flags =
        wht_arena_take(document.arena, (wht_node_count(document.root) + 1) * sizeof(*list->flags));
    for (const struct wht_node *node = document.root->first; node; node = node->next) {
        if (node->key[0] == '$')
            continue;
        list->flags[list->count++] = (struct wht_flag){.name = node->key,
                                                       .bug = text_of(node, "bug"),
                                                       .description = text_of(node, "description"),
                                                       .effect = text_of(node, "effect")};
    }
}

static struct list *new_list(const char *path)
{
    struct list *list = calloc(1, sizeof(*list));
    size_t size = strlen(path) + 1;
    char *copy = malloc(size);
    if (!list || !copy)
        abort();
    list->path = memcpy(copy, path, size);
    list->next = lists;
    lists = list;
    return list;
}

/* @return the list of a flags.json, read at the first call; NULL if there is no such file. */
static const struct list *list_of_file(const char *path)
{
    char error[128];
    const char *text;
    size_t size;
    for (const struct list *list = lists; list; list = list->next) {
        if (strcmp(list->path, path) == 0)
            return list;
    }
    if (path[0] == 0) {
        struct list *list = new_list("");
        parse(list, (const char *)wht_flags_builtin, wht_flags_builtin_size);
        return list;
    }
    struct wht_input *input = wht_input_open(path, false, error);
    if (!input)
        return NULL;
    struct list *list = new_list(path);
    if (wht_input_rest(input, &text, &size))
        parse(list, text, size);
    wht_input_close(input);
    return list;
}

static const struct wht_flag *find_in(const struct list *list, const char *name)
{
    for (size_t i = 0; list && i < list->count; i++) {
        if (strcmp(list->flags[i].name, name) == 0)
            return &list->flags[i];
    }
    return NULL;
}

const struct wht_flag *wht_flag_find(const char *file, const char *name)
{
    char *path = wht_traces_file(file, "flags.json");
    const struct list *list = path ? list_of_file(path) : NULL;
    free(path);
    return find_in(list ? list : list_of_file(""), name);
}
