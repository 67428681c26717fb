/* SPDX-License-Identifier: MIT */
#include "pending_diff.h"

#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "corpus/bless.h"
#include "format/print.h"

#define PATH_MAX_TEXT 256

struct differ {
    struct wht_text *text;
    bool colours;
};

static void append(void *user, const char *bytes, size_t size)
{
    wht_text_add_bytes(user, bytes, size);
}

static void add_line(const struct differ *d, bool is_new, const char *path,
                     const struct wht_node *value)
{
    struct wht_text line = {.text = NULL};
    struct wht_text clean = {.text = NULL};
    const struct wht_writer writer = {.write = append, .user = &line};
    wht_text_addf(&line, "%s %s: ", is_new ? "+" : "-", path);
    wht_write_value(&writer, value, -1);
    wht_text_add_clean(&clean, line.text);
    wht_text_add(d->text, "  ");
    wht_text_colour(d->text, d->colours, is_new ? WHT_GREEN : WHT_RED, clean.text);
    wht_text_add(d->text, "\n");
    wht_text_free(&line);
    wht_text_free(&clean);
}

static bool is_same(const struct wht_node *a, const struct wht_node *b)
{
    return a == b || (a && b && wht_node_same(a, b));
}

static void differ(const struct differ *d, const char *path, const struct wht_node *was,
                   const struct wht_node *now);

static void differ_members(const struct differ *d, const char *path, const struct wht_node *was,
                           const struct wht_node *now)
{
    char below[PATH_MAX_TEXT];
    for (const struct wht_node *member = was->first; member; member = member->next) {
        snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", member->key);
        differ(d, below, member, wht_node_member(now, member->key));
    }
    for (const struct wht_node *member = now->first; member; member = member->next) {
        snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", member->key);
        if (!wht_node_member(was, member->key))
            differ(d, below, NULL, member);
    }
}

/* Equal elements at both ends say nothing; what is left is told as a whole. */
static void differ_elements(const struct differ *d, const char *path, const struct wht_node *was,
                            const struct wht_node *now)
{
    char below[PATH_MAX_TEXT];
    const struct wht_node *a = was->first;
    const struct wht_node *b = now->first;
    size_t index = 0;
    for (; a && b && is_same(a, b); a = a->next, b = b->next)
        index++;
    size_t left = 0, right = 0, tail = 0;
    for (const struct wht_node *node = a; node; node = node->next)
        left++;
    for (const struct wht_node *node = b; node; node = node->next)
        right++;
    for (bool goes_on = true; goes_on && tail < left && tail < right; tail += goes_on) {
        const struct wht_node *x = a;
        const struct wht_node *y = b;
        for (size_t i = 0; i + tail + 1 < left; i++)
            x = x->next;
        for (size_t i = 0; i + tail + 1 < right; i++)
            y = y->next;
        goes_on = is_same(x, y);
    }
    for (size_t i = 0; i < left - tail; i++, a = a->next) {
        snprintf(below, sizeof(below), "%s[%zu]", path, index + i);
        add_line(d, false, below, a);
    }
    for (size_t i = 0; i < right - tail; i++, b = b->next) {
        snprintf(below, sizeof(below), "%s[%zu]", path, index + i);
        add_line(d, true, below, b);
    }
}

/* Recursion is bounded by the depth of a document. */
static void differ(const struct differ *d, const char *path, const struct wht_node *was,
                   const struct wht_node *now)
{
    if (is_same(was, now))
        return;
    if (was && now && was->kind == WHT_NODE_OBJECT && now->kind == WHT_NODE_OBJECT) {
        differ_members(d, path, was, now);
        return;
    }
    if (was && now && was->kind == WHT_NODE_LIST && now->kind == WHT_NODE_LIST) {
        differ_elements(d, path, was, now);
        return;
    }
    if (was)
        add_line(d, false, path, was);
    if (now)
        add_line(d, true, path, now);
}

static const char *text_of(const struct wht_node *object, const char *key)
{
    const struct wht_node *node = object ? wht_node_member(object, key) : NULL;
    return node && node->kind == WHT_NODE_STRING ? node->string : NULL;
}

static void add_said(struct wht_text *text, const char *what, const char *said)
{
    if (!said)
        return;
    wht_text_addf(text, "  %s", what);
    wht_text_add_clean(text, said);
    wht_text_add(text, "\n");
}

static void add_origin(struct wht_text *text, const struct wht_pending *pending)
{
    const struct wht_node *emulator = wht_node_member(pending->object, "emulator");
    const char *version =
        emulator && emulator->kind == WHT_NODE_OBJECT ? text_of(emulator, "version") : NULL;
    const char *file =
        emulator && emulator->kind == WHT_NODE_OBJECT ? text_of(emulator, "file") : NULL;
    const char *date = text_of(pending->object, "date");
    wht_text_add(text, "  came out of ");
    wht_text_add_clean(text, file ? file : "an emulator");
    wht_text_add(text, version ? " " : "");
    wht_text_add_clean(text, version ? version : "");
    wht_text_add(text, date ? ", " : "");
    wht_text_add_clean(text, date ? date : "");
    wht_text_add(text, "\n");
}

void wht_pending_show(struct wht_text *text, bool colours, const char *name,
                      const struct wht_case *c, const struct wht_pending *pending)
{
    struct wht_text clean = {.text = NULL};
    struct wht_arena *arena = wht_arena_new();
    const struct differ d = {.text = text, .colours = colours};
    const char *why = c ? wht_pending_obstacle(pending, c) : "there is no such case";
    wht_text_add_clean(&clean, name);
    wht_text_colour(text, colours, WHT_BOLD, wht_text_get(&clean));
    wht_text_add(text, "\n");
    add_origin(text, pending);
    add_said(text, "failed: ", text_of(pending->object, "cause"));
    add_said(text, "note: ", c ? c->note : NULL);
    add_said(text, "remark: ", text_of(pending->object, "remark"));
    add_said(text, "cannot be accepted: ", why);
    if (c)
        differ(&d, "", wht_node_member(wht_print_case(arena, c, WHT_PRINT_SHORT), "expect"),
               pending->expect);
    if (c && c->todo.count > 0)
        wht_text_add(text, "  its 'todo' stays: it fails until that is taken out\n");
    wht_arena_free(arena);
    wht_text_free(&clean);
}
