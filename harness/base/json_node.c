/* SPDX-License-Identifier: MIT */
#include "json_node.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "json_scan.h"

/* Where cJSON's memory comes from while a document is parsed: one tree costs hundreds of
 * allocations. */
static _Thread_local struct wht_arena *parser_arena;

static void *parser_allocate(size_t size)
{
    return parser_arena ? wht_arena_take_raw(parser_arena, size) : malloc(size);
}

static void parser_release(void *memory)
{
    if (!parser_arena)
        free(memory);
}

static cJSON *parse_tree(struct wht_arena *arena, const char *text, size_t size)
{
    cJSON_Hooks ours = {.malloc_fn = parser_allocate, .free_fn = parser_release};
    cJSON_InitHooks(&ours);
    parser_arena = arena;
    cJSON *tree = cJSON_ParseWithLength(text, size);
    parser_arena = NULL;
    return tree;
}

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
        node->key = item->string;
    if (node->kind == WHT_NODE_STRING)
        node->string = item->valuestring;
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
        tree = parse_tree(document->arena, document->text, size);
        is_good = tree != NULL;
        if (!is_good) { /* numbers of more than 63 characters, where cJSON has not been patched */
            const char *at = cJSON_GetErrorPtr();
            strcpy(scan.error, "found a value that the parser refuses, expected a simpler one");
            if (at >= document->text && at < document->text + size)
                scan.error_offset = (size_t)(at - document->text);
        }
    }
    if (is_good) {
        struct zipper zipper = {.arena = document->arena, .scan = &scan};
        struct wht_pos_mark *marks =
            wht_arena_take(document->arena, (1 + size / WHT_POS_STRIDE) * sizeof(*marks));
        wht_pos_index(document->text, size, marks);
        document->marks = marks;
        document->mark_count = 1 + size / WHT_POS_STRIDE;
        document->root = zip(&zipper, tree, NULL);
    } else {
        memcpy(error, scan.error, sizeof(scan.error));
        *error_offset = scan.error_offset;
    }
    free(scan.marks);
    return is_good;
}

struct wht_node *wht_node_member(const struct wht_node *object, const char *key)
{
    for (struct wht_node *child = object->first; child; child = child->next) {
        /* Most keys differ in their first letter. */
        if (child->key && child->key[0] == key[0] && strcmp(child->key, key) == 0)
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

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Recursion is bounded by the depth of a document. */
bool wht_node_same(const struct wht_node *a, const struct wht_node *b)
{
    if (a->kind != b->kind || a->boolean != b->boolean || !is_same_text(a->key, b->key) ||
        !is_same_text(a->string, b->string))
        return false;
    const struct wht_node *left = a->first;
    const struct wht_node *right = b->first;
    while (left && right && wht_node_same(left, right)) {
        left = left->next;
        right = right->next;
    }
    return !left && !right;
}

void wht_node_spell_numbers(struct wht_arena *arena, struct wht_node *node, const char *text)
{
    if (node->kind == WHT_NODE_NUMBER && !node->string) {
        size_t length = strspn(text + node->offset, "+-.0123456789eE");
        char *spelling = wht_arena_take(arena, length + 1);
        memcpy(spelling, text + node->offset, length);
        node->string = spelling;
    }
    for (struct wht_node *child = node->first; child; child = child->next)
        wht_node_spell_numbers(arena, child, text);
}

void wht_node_mark_defaults(struct wht_node *defaults)
{
    defaults->origin = defaults;
    for (struct wht_node *child = defaults->first; child; child = child->next)
        wht_node_mark_defaults(child);
}

/* Registers stand in `init` and in any `regs`; their values are never merged. */
static bool holds_registers(const struct wht_node *object)
{
    return object->key && (strcmp(object->key, "init") == 0 || strcmp(object->key, "regs") == 0);
}

/* A member of the defaults, and whether the case has one of that name. */
struct slot {
    const struct wht_node *node;
    bool is_used;
};

static int compare_slots(const void *a, const void *b)
{
    return strcmp(((const struct slot *)a)->node->key, ((const struct slot *)b)->node->key);
}

/* @return the members of an object, sorted by key. */
static struct slot *sorted_members(struct wht_arena *arena, const struct wht_node *object,
                                   size_t count)
{
    struct slot *slots = wht_arena_take(arena, (count + 1) * sizeof(*slots));
    size_t i = 0;
    for (const struct wht_node *child = object->first; child; child = child->next)
        slots[i++].node = child;
    qsort(slots, count, sizeof(*slots), compare_slots);
    return slots;
}

/* A node of its own, for another list of siblings; what is below it is shared. */
static struct wht_node *shallow(struct wht_arena *arena, const struct wht_node *from)
{
    struct wht_node *node = wht_arena_take(arena, sizeof(*node));
    *node = *from;
    node->next = NULL;
    return node;
}

struct wht_node *wht_node_merge(struct wht_arena *arena, const struct wht_node *defaults,
                                const struct wht_node *over)
{
    struct wht_node *merged = shallow(arena, over);
    struct wht_node **tail = &merged->first;
    size_t count = wht_node_count(defaults);
    struct slot *slots = sorted_members(arena, defaults, count);
    bool is_deep = !holds_registers(over);
    merged->first = NULL;
    for (const struct wht_node *own = over->first; own; own = own->next) {
        struct slot wanted = {.node = own};
        struct slot *slot = bsearch(&wanted, slots, count, sizeof(*slots), compare_slots);
        bool is_both =
            slot && is_deep && own->kind == WHT_NODE_OBJECT && slot->node->kind == WHT_NODE_OBJECT;
        if (slot)
            slot->is_used = true;
        *tail = is_both ? wht_node_merge(arena, slot->node, own) : shallow(arena, own);
        tail = &(*tail)->next;
    }
    for (size_t i = 0; i < count; i++) {
        if (slots[i].is_used)
            continue;
        *tail = shallow(arena, slots[i].node);
        tail = &(*tail)->next;
    }
    return merged;
}
