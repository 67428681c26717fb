/* SPDX-License-Identifier: MIT */
#include "node.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "scan.h"

struct zipper {
    struct wht_arena *arena;
    const struct wht_scan *scan;
    size_t at;
};

static enum wht_node_kind kind_from_cjson(const cJSON *item)
{
    if (cJSON_IsObject(item))
        return WHT_NODE_OBJECT;
    if (cJSON_IsArray(item))
        return WHT_NODE_LIST;
    if (cJSON_IsString(item))
        return WHT_NODE_STRING;
    if (cJSON_IsNumber(item))
        return WHT_NODE_NUMBER;
    return cJSON_IsBool(item) ? WHT_NODE_BOOL : WHT_NODE_NULL;
}

/* Both trees are in document order, so the n-th value of one is the n-th of the other. */
static struct wht_node *zip(struct zipper *zipper, const cJSON *item, struct wht_node *parent)
{
    struct wht_node *node = wht_arena_take(zipper->arena, sizeof(*node));
    const struct wht_mark *mark = &zipper->scan->marks[zipper->at++];
    struct wht_node **tail = &node->first;
    size_t index = 0;
    node->kind = kind_from_cjson(item);
    node->parent = parent;
    node->offset = (uint32_t)mark->offset;
    node->key_offset = (uint32_t)mark->key_offset;
    node->is_integer = mark->is_integer;
    node->boolean = cJSON_IsTrue(item);
    node->number = item->valuedouble;
    if (item->string)
        node->key = wht_arena_copy(zipper->arena, item->string);
    if (node->kind == WHT_NODE_STRING)
        node->string = wht_arena_copy(zipper->arena, item->valuestring);
    for (const cJSON *child = item->child; child; child = child->next) {
        *tail = zip(zipper, child, node);
        (*tail)->index = index++;
        tail = &(*tail)->next;
    }
    return node;
}

bool wht_document_parse(struct wht_document *document, size_t size, char *error,
                        size_t *error_offset)
{
    struct wht_scan scan;
    bool is_good = wht_scan(document->text, size, &scan);
    cJSON *tree = NULL;
    if (is_good) {
        tree = cJSON_ParseWithLength(document->text, size);
        is_good = tree != NULL;
        if (!is_good)
            strcpy(scan.error, "the parser refuses this text");
    }
    if (is_good) {
        struct zipper zipper = {.arena = document->arena, .scan = &scan};
        document->root = zip(&zipper, tree, NULL);
    } else {
        memcpy(error, scan.error, sizeof(scan.error));
        *error_offset = scan.error_offset;
    }
    cJSON_Delete(tree);
    free(scan.marks);
    return is_good;
}

struct wht_node *wht_node_member(const struct wht_node *object, const char *key)
{
    for (struct wht_node *child = object->first; child; child = child->next) {
        if (child->key && strcmp(child->key, key) == 0)
            return child;
    }
    return NULL;
}

size_t wht_node_count(const struct wht_node *node)
{
    size_t count = 0;
    for (const struct wht_node *child = node->first; child; child = child->next)
        count++;
    return count;
}

const char *wht_node_kind_name(const struct wht_node *node)
{
    static const char *const names[] = {"null",     "a boolean", "a number",
                                        "a string", "a list",    "an object"};
    return names[node->kind];
}

static struct wht_node *copy(struct wht_arena *arena, const struct wht_node *from,
                             struct wht_node *parent)
{
    struct wht_node *node = wht_arena_take(arena, sizeof(*node));
    struct wht_node **tail = &node->first;
    *node = *from;
    if (from->is_default && !from->origin)
        node->origin = (struct wht_node *)from;
    node->parent = parent;
    node->first = NULL;
    node->next = NULL;
    for (const struct wht_node *child = from->first; child; child = child->next) {
        *tail = copy(arena, child, node);
        tail = &(*tail)->next;
    }
    return node;
}

/* Registers stand in `init` and in any `regs`; their values are never merged. */
static bool holds_registers(const struct wht_node *object)
{
    return object->key && (strcmp(object->key, "init") == 0 || strcmp(object->key, "regs") == 0);
}

static void merge_into(struct wht_arena *arena, struct wht_node *node,
                       const struct wht_node *defaults)
{
    struct wht_node **tail = &node->first;
    while (*tail)
        tail = &(*tail)->next;
    for (const struct wht_node *child = defaults->first; child; child = child->next) {
        struct wht_node *own = wht_node_member(node, child->key);
        if (!own) {
            *tail = copy(arena, child, node);
            tail = &(*tail)->next;
        } else if (own->kind == WHT_NODE_OBJECT && child->kind == WHT_NODE_OBJECT &&
                   !holds_registers(node)) {
            merge_into(arena, own, child);
        }
    }
}

struct wht_node *wht_node_merge(struct wht_arena *arena, const struct wht_node *defaults,
                                const struct wht_node *over)
{
    struct wht_node *merged = copy(arena, over, over->parent);
    merge_into(arena, merged, defaults);
    return merged;
}
