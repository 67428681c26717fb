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

/* `links` is a list of strings; one string will do. */
static void take_links(struct wht_arena *arena, const struct wht_node *object,
                       struct wht_flag *flag)
{
    const struct wht_node *links =
        object->kind == WHT_NODE_OBJECT ? wht_node_member(object, "links") : NULL;
    const struct wht_node *first = links && links->kind == WHT_NODE_LIST ? links->first : links;
    flag->links = wht_arena_take(arena, (links ? wht_node_count(links) + 1 : 1) * sizeof(char *));
    for (const struct wht_node *node = first; node; node = node->next) {
        if (node->kind == WHT_NODE_STRING)
            flag->links[flag->link_count++] = node->string;
        if (node == links)
            break;
    }
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
        struct wht_flag *flag = &list->flags[list->count++];
        *flag = (struct wht_flag){.name = node->key,
                                  .bug = text_of(node, "bug"),
                                  .description = text_of(node, "description"),
                                  .effect = text_of(node, "effect")};
        take_links(document.arena, node, flag);
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

static const struct list *list_for(const char *file)
{
    char *path = wht_traces_file(file, "flags.json");
    const struct list *list = path ? list_of_file(path) : NULL;
    free(path);
    return list ? list : list_of_file("");
}

const struct wht_flag *wht_flag_find(const char *file, const char *name)
{
    const struct list *list = list_for(file);
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->flags[i].name, name) == 0)
            return &list->flags[i];
    return NULL;
}

const struct wht_flag *wht_flag_list(const char *file, size_t *count)
{
    const struct list *list = list_for(file);
    *count = list->count;
    return list->flags;
}
