/* SPDX-License-Identifier: MIT */
#include "flags.h"

#include <stdlib.h>
#include <string.h>

#include "base/input.h"
#include "base/str.h"
#include "check.h"
#include "paths.h"
#include "traces_builtin.h"

/* One flags.json. */
struct list {
    struct wht_flags flags;
    struct list *next;
    char *path; /* "" for the built-in list */
    struct wht_arena *arena;
};

static struct list *lists;

static bool take_text(struct wht_check *check, const struct wht_node *node, const char **target)
{
    if (!wht_get_string(check, node, target))
        return false;
    if ((*target)[strspn(*target, " \t\r\n")] == 0)
        return wht_fail(check, node, "found nothing but blanks, expected a text");
    return true;
}

static bool take_bug(struct wht_check *check, const struct wht_node *node, void *target)
{
    return take_text(check, node, &((struct wht_flag *)target)->bug);
}

static bool take_description(struct wht_check *check, const struct wht_node *node, void *target)
{
    return take_text(check, node, &((struct wht_flag *)target)->description);
}

static bool take_effect(struct wht_check *check, const struct wht_node *node, void *target)
{
    return take_text(check, node, &((struct wht_flag *)target)->effect);
}

static bool take_links(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_flag *flag = target;
    bool is_good = wht_get_list(check, node, 0);
    size_t count = is_good ? wht_node_count(node) : 0;
    flag->links = wht_arena_take(check->arena, (count + 1) * sizeof(*flag->links));
    for (const struct wht_node *child = node->first; is_good && child; child = child->next) {
        const char **link = &flag->links[flag->link_count];
        if (take_text(check, child, link))
            flag->link_count++;
    }
    return flag->link_count == count && is_good;
}

/* What is wrong with a definition is reported; it counts as defined all the same. */
static void take_definitions(struct wht_check *check, const struct wht_node *root,
                             struct list *list)
{
    static const struct wht_field fields[] = {{"bug", take_bug, true},
                                              {"description", take_description, true},
                                              {"effect", take_effect, true},
                                              {"links", take_links, false}};
    size_t most = wht_node_count(root) + 1;
    struct wht_flag *items = wht_arena_take(check->arena, most * sizeof(*items));
    const char **names = wht_arena_take(check->arena, most * sizeof(*names));
    list->flags.items = items;
    list->flags.names = names;
    for (const struct wht_node *node = root->first; node; node = node->next) {
        struct wht_flag *flag = &items[list->flags.count];
        if (node->key[0] == '$' || strncmp(node->key, "x-", 2) == 0)
            continue;
        *flag = (struct wht_flag){.name = node->key, .bug = "", .description = "", .effect = ""};
        wht_take_object(check, node, fields, 4, flag);
        names[list->flags.count++] = node->key;
    }
}

static void parse(struct wht_check *check, struct list *list, const char *text, size_t size)
{
    struct wht_document document = {.arena = check->arena, .text = text, .first_line = 1};
    char error[128];
    size_t offset;
    check->document = &document;
    if (!wht_document_parse(&document, size, error, &offset)) {
        wht_report(check, wht_pos_from_offset(text, offset, 1), "", "%s", error);
    } else if (wht_get_object(check, document.root)) {
        list->flags.is_broken = false;
        wht_check_duplicates(check, document.root);
        take_definitions(check, document.root, list);
    }
}

static struct list *new_list(const char *path)
{
    struct list *list = wht_allocate(1, sizeof(*list));
    list->path = wht_copy_text(path);
    list->flags.is_broken = true;
    list->next = lists;
    lists = list;
    return list;
}

/* @return the list of a flags.json, read at the first call; NULL if there is no such file. */
static const struct list *list_of_file(const char *path, const struct wht_load_options *options,
                                       size_t *errors)
{
    struct wht_check check = {.file = path};
    char error[128];
    const char *text;
    size_t size;
    for (const struct list *list = lists; list; list = list->next) {
        if (strcmp(list->path, path) == 0)
            return list;
    }
    struct wht_input *input = path[0] ? wht_input_open(path, false, error) : NULL;
    if (path[0] && !input)
        return NULL;
    struct list *list = new_list(path);
    list->arena = check.arena = wht_arena_new();
    if (options)
        check.options = *options;
    if (!input)
        parse(&check, list, (const char *)wht_flags_builtin, wht_flags_builtin_size);
    else if (wht_input_rest(input, &text, &size))
        parse(&check, list, text, size);
    else
        wht_report(&check, (struct wht_pos){.line = 1, .column = 1}, "", "%s",
                   wht_input_error(input));
    wht_report_rest(&check);
    wht_input_close(input);
    *errors += check.errors;
    return list;
}

const struct wht_flags *wht_flags_of(const char *file, const struct wht_load_options *options,
                                     size_t *errors)
{
    char *path = wht_traces_file(file, "flags.json");
    const struct list *list = path ? list_of_file(path, options, errors) : NULL;
    free(path);
    return &(list ? list : list_of_file("", options, errors))->flags;
}

const struct wht_flag *wht_flags_find(const struct wht_flags *flags, const char *name)
{
    for (size_t i = 0; i < flags->count; i++) {
        if (strcmp(flags->items[i].name, name) == 0)
            return &flags->items[i];
    }
    return NULL;
}

const struct wht_flag *wht_flag_find(const char *file, const char *name)
{
    size_t errors = 0;
    return wht_flags_find(wht_flags_of(file, NULL, &errors), name);
}

const struct wht_flag *wht_flag_list(const char *file, size_t *count)
{
    size_t errors = 0;
    const struct wht_flags *flags = wht_flags_of(file, NULL, &errors);
    *count = flags->count;
    return flags->items;
}

void wht_flags_forget(void)
{
    while (lists) {
        struct list *next = lists->next;
        if (lists->arena)
            wht_arena_free(lists->arena);
        free(lists->path);
        free(lists);
        lists = next;
    }
}
