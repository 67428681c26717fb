/* SPDX-License-Identifier: MIT */
/* The loader judges; the text is read a second time in step with it, by the ordinals of the cases.
 */
#include "raw.h"

#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "input.h"

struct wht_raw {
    struct wht_reader *reader;
    struct wht_input *input;
    struct wht_arena *kept;    /* defaults, and all of a document */
    struct wht_arena *passing; /* one case */
    struct wht_node *defaults; /* NULL: none */
    const struct wht_node *at; /* a document's next case */
    bool is_corpus;
    size_t ordinal; /* of the next case in the text */
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* A number is written as it was spelt. */
static void spell_numbers(struct wht_arena *arena, struct wht_node *node, const char *text)
{
    if (node->kind == WHT_NODE_NUMBER) {
        size_t length = strspn(text + node->offset, "+-.0123456789eE");
        char *spelling = wht_arena_take(arena, length + 1);
        memcpy(spelling, text + node->offset, length);
        node->string = spelling;
    }
    for (struct wht_node *child = node->first; child; child = child->next)
        spell_numbers(arena, child, text);
}

static struct wht_node *parse(struct wht_arena *arena, const char *text, size_t size)
{
    struct wht_document document = {.arena = arena, .text = text, .first_line = 1};
    char error[128];
    size_t offset;
    bool is_good = wht_document_parse(&document, size, error, &offset) &&
                   document.root->kind == WHT_NODE_OBJECT;
    if (!is_good)
        return NULL;
    spell_numbers(arena, document.root, text);
    return document.root;
}

/* What a header says of every case. */
static void take_header(struct wht_raw *raw, const struct wht_node *header)
{
    const struct wht_node *source = wht_node_member(header, "source");
    const struct wht_node *defaults = wht_node_member(header, "defaults");
    if (source && source->kind == WHT_NODE_OBJECT) {
        struct wht_build below = wht_build_new(raw->kept, WHT_NODE_OBJECT);
        struct wht_node *copy = wht_arena_take(raw->kept, sizeof(*copy));
        *copy = *source;
        copy->next = NULL;
        wht_build_add(&below, "source", copy);
        raw->defaults = below.node;
    }
    if (defaults && defaults->kind == WHT_NODE_OBJECT)
        raw->defaults = raw->defaults ? wht_node_merge(raw->kept, raw->defaults, defaults)
                                      : (struct wht_node *)defaults;
}

static void take_start(struct wht_raw *raw)
{
    const char *text;
    size_t size;
    if (raw->is_corpus) {
        const struct wht_node *header =
            wht_input_line(raw->input, &text, &size) ? parse(raw->kept, text, size) : NULL;
        if (header)
            take_header(raw, header);
        return;
    }
    const struct wht_node *root =
        wht_input_rest(raw->input, &text, &size) ? parse(raw->kept, text, size) : NULL;
    const struct wht_node *cases = root ? wht_node_member(root, "cases") : NULL;
    if (cases)
        take_header(raw, root);
    raw->at = cases ? cases->first : root;
}

struct wht_raw *wht_raw_open(const char *path, const struct wht_load_options *options)
{
    char error[128];
    struct wht_reader *reader = wht_reader_open(path, options);
    if (!reader)
        return NULL;
    struct wht_raw *raw = calloc(1, sizeof(*raw));
    if (!raw)
        abort();
    raw->reader = reader;
    raw->kept = wht_arena_new();
    raw->passing = wht_arena_new();
    raw->is_corpus = !ends_with(path, ".trace.json");
    raw->input = wht_input_open(path, ends_with(path, ".gz"), error);
    if (raw->input)
        take_start(raw);
    return raw;
}

/* @return the JSON of the next case of the text, valid or not. */
static const struct wht_node *next_node(struct wht_raw *raw, bool is_wanted)
{
    const char *text;
    size_t size;
    raw->ordinal++;
    if (!raw->is_corpus) {
        const struct wht_node *node = raw->at;
        raw->at = node ? node->next : NULL;
        return node;
    }
    if (!raw->input || !wht_input_line(raw->input, &text, &size))
        return NULL;
    return is_wanted ? parse(raw->passing, text, size) : NULL;
}

struct wht_case *wht_raw_next(struct wht_raw *raw, const struct wht_node **node)
{
    struct wht_case *c;
    while ((c = wht_reader_next(raw->reader)) != NULL) {
        const struct wht_node *found = NULL;
        wht_arena_reset(raw->passing);
        while (raw->ordinal <= c->ordinal)
            found = next_node(raw, raw->ordinal == c->ordinal);
        /* A file that changes while it is read has no such place. */
        if (found && found->kind == WHT_NODE_OBJECT) {
            *node = raw->defaults ? wht_node_merge(raw->passing, raw->defaults, found) : found;
            return c;
        }
        wht_case_free(c);
    }
    return NULL;
}

size_t wht_raw_error_count(const struct wht_raw *raw)
{
    return wht_reader_error_count(raw->reader);
}

void wht_raw_close(struct wht_raw *raw)
{
    if (!raw)
        return;
    if (raw->input)
        wht_input_close(raw->input);
    wht_reader_close(raw->reader);
    wht_arena_free(raw->kept);
    wht_arena_free(raw->passing);
    free(raw);
}
