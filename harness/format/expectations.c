/* SPDX-License-Identifier: MIT */
#include "expectations.h"

#include <stdlib.h>
#include <string.h>

#include "base/input.h"
#include "base/json_scan.h"
#include "base/pattern.h"
#include "base/str.h"
#include "check.h"

static bool take_text(struct wht_check *check, const struct wht_node *node, char **target)
{
    const char *text;
    if (!wht_get_string(check, node, &text))
        return false;
    if (text[strspn(text, " \t\r\n")] == 0)
        return wht_fail(check, node, "found nothing but blanks, expected a text");
    *target = wht_copy_text(text);
    return true;
}

static bool take_match(struct wht_check *check, const struct wht_node *node, void *target)
{
    return take_text(check, node, &((struct wht_expectation *)target)->match);
}

static bool take_reason(struct wht_check *check, const struct wht_node *node, void *target)
{
    return take_text(check, node, &((struct wht_expectation *)target)->reason);
}

static bool take_issue(struct wht_check *check, const struct wht_node *node, void *target)
{
    return take_text(check, node, &((struct wht_expectation *)target)->issue);
}

static bool take_emulator(struct wht_check *check, const struct wht_node *node, void *target)
{
    return take_text(check, node, &((struct wht_expectation *)target)->emulator);
}

static bool take_expect(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const char *const names[] = {"fail", "crash", "timeout", "skip"};
    int expect = 0;
    bool is_good = wht_get_name(check, node, names, 4, "an outcome", &expect);
    ((struct wht_expectation *)target)->expect = (enum wht_outcome)expect;
    return is_good;
}

static void free_items(struct wht_expectation *item)
{
    free(item->match);
    free(item->reason);
    free(item->issue);
    free(item->emulator);
    free(item->file);
}

static void add(struct wht_expectations *list, const struct wht_expectation *item)
{
    list->items = wht_reallocate(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = *item;
}

static void take_list(struct wht_check *check, const char *path, const struct wht_node *root,
                      struct wht_expectations *list)
{
    static const struct wht_field fields[] = {{"match", take_match, true},
                                              {"expect", take_expect, true},
                                              {"reason", take_reason, true},
                                              {"issue", take_issue, false},
                                              {"emulator", take_emulator, false}};
    if (!wht_get_list(check, root, 0))
        return;
    for (const struct wht_node *node = root->first; node; node = node->next) {
        struct wht_expectation item = {.match = NULL};
        if (wht_take_object(check, node, fields, 5, &item)) {
            item.file = wht_copy_text(path);
            item.pos = wht_node_pos(check, node);
            item.literal = strcspn(item.match, "*");
            add(list, &item);
        } else {
            free_items(&item);
        }
    }
}

bool wht_expectations_load(const char *path, const struct wht_load_options *options,
                           struct wht_expectations *list)
{
    struct wht_check check = {.file = path};
    struct wht_document document = {.arena = wht_arena_new(), .first_line = 1};
    char error[128];
    size_t size, offset;
    if (options)
        check.options = *options;
    check.document = &document;
    check.arena = document.arena;
    struct wht_input *input = wht_input_open(path, false, error);
    if (!input)
        wht_report(&check, (struct wht_pos){0}, "", "%s", error);
    else if (!wht_input_rest(input, &document.text, &size))
        wht_report(&check, (struct wht_pos){0}, "", "%s", wht_input_error(input));
    else if (!wht_document_parse(&document, size, error, &offset))
        wht_report(&check, wht_pos_from_offset(document.text, offset, 1), "", "%s", error);
    else {
        wht_check_duplicates(&check, document.root);
        take_list(&check, path, document.root, list);
    }
    wht_report_rest(&check);
    wht_input_close(input);
    wht_arena_free(document.arena);
    return check.errors == 0;
}

bool wht_expectation_means(const struct wht_expectation *entry, const char *name)
{
    /* Most are decided by what stands before the first star. */
    return strncmp(entry->match, name, entry->literal) == 0 &&
           wht_pattern_is(entry->match + entry->literal, name + entry->literal);
}

const struct wht_expectation *wht_expectations_find(const struct wht_expectations *list,
                                                    const char *name, size_t *index)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct wht_expectation *item = &list->items[i];
        if (wht_expectation_means(item, name)) {
            if (index)
                *index = i;
            return item;
        }
    }
    return NULL;
}

void wht_expectations_free(struct wht_expectations *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_items(&list->items[i]);
    free(list->items);
    *list = (struct wht_expectations){.count = 0};
}
