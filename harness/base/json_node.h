/* SPDX-License-Identifier: MIT */
/**
 * @file json_node.h
 * A JSON document with positions: cJSON's tree zipped with the scanner's marks. Nodes live in an
 * arena.
 */
#ifndef WHVTRACE_BASE_JSON_NODE_H
#define WHVTRACE_BASE_JSON_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "json_scan.h"
#include "pos.h"

enum wht_node_kind {
    WHT_NODE_NULL,
    WHT_NODE_BOOL,
    WHT_NODE_NUMBER,
    WHT_NODE_STRING,
    WHT_NODE_LIST,
    WHT_NODE_OBJECT
};

struct wht_node {
    enum wht_node_kind kind;
    /** In an object, otherwise NULL. */
    const char *key;
    /** Of a string; of a number that was built or spelt. */
    const char *string;
    double number;
    bool boolean;
    /** Of a number: written without fraction and exponent. */
    bool is_integer;
    /** The node in `defaults` that this is or was taken from, or NULL. */
    struct wht_node *origin;
    /** Of an origin: 1 + the case for which an error was reported, or 0. */
    size_t reported_for;
    /** Of an origin: a warning was given. */
    bool is_warned;
    /** Of an origin: no case that was looked at makes use of it. */
    bool is_unused;
    /** Of an origin: one does, or may. */
    bool is_used;
    /** In a list. */
    size_t index;
    /** Of the value in the document. */
    uint32_t offset;
    uint32_t key_offset;
    struct wht_node *parent;
    struct wht_node *first;
    struct wht_node *next;
};

/**
 * A document: its text stays with the caller, for positions. Nodes that were built rather than
 * parsed have no text (NULL) and no positions; the `string` of their numbers is the spelling.
 */
struct wht_document {
    struct wht_arena *arena;
    const char *text;
    uint32_t first_line;
    /** One per WHT_POS_STRIDE bytes of text. */
    const struct wht_pos_mark *marks;
    size_t mark_count;
    struct wht_node *root;
};

/**
 * Parses a document.
 * @param error        receives what is wrong (128 bytes).
 * @param error_offset receives where.
 * @return whether it was valid; document->root is set if so.
 */
bool wht_document_parse(struct wht_document *document, size_t size, char *error,
                        size_t *error_offset);

/** @return a member of an object, or NULL. */
struct wht_node *wht_node_member(const struct wht_node *object, const char *key);

/** @return whether two values are the same, in key, order and spelling. Numbers must be spelt. */
bool wht_node_same(const struct wht_node *a, const struct wht_node *b);

/** How many children a list or object has. */
size_t wht_node_count(const struct wht_node *node);

/** "an object", "a string", ... */
const char *wht_node_kind_name(const struct wht_node *node);

/**
 * Makes the `string` of each number its spelling, so that it is written as it was.
 * @param arena must live as long as node.
 * @param text  of node's document.
 */
void wht_node_spell_numbers(struct wht_arena *arena, struct wht_node *node, const char *text);

/** Makes every node of `defaults` its own origin: merged cases tell by it what came from there. */
void wht_node_mark_defaults(struct wht_node *defaults);

/**
 * Lays a case over defaults: objects are merged member by member, everything else is replaced
 * whole, and so are register values: traces/FORMAT.md, "Defaults". Neither argument is changed;
 * what is not merged is shared.
 */
struct wht_node *wht_node_merge(struct wht_arena *arena, const struct wht_node *defaults,
                                const struct wht_node *over);

#endif
