/* SPDX-License-Identifier: MIT */
#include "json_write.h"

#include <string.h>

#include "escape.h"

/* What stands between the parts of an object or list that is on one line. */
struct spacing {
    const char *open;
    const char *close;
};

static const struct spacing in_document = {"{ ", " }"};
static const struct spacing in_line = {"{", "}"};

/* Text on its way to a writer: one call for each of its parts would cost more than the text. */
struct gathered {
    const struct wht_writer *to;
    size_t used;
    char text[4096];
};

static void flush(struct gathered *gathered)
{
    if (gathered->used > 0)
        gathered->to->write(gathered->to->user, gathered->text, gathered->used);
    gathered->used = 0;
}

static void gather(void *user, const char *bytes, size_t size)
{
    struct gathered *gathered = user;
    if (size > sizeof(gathered->text) - gathered->used)
        flush(gathered);
    if (size > sizeof(gathered->text)) {
        gathered->to->write(gathered->to->user, bytes, size);
        return;
    }
    memcpy(gathered->text + gathered->used, bytes, size);
    gathered->used += size;
}

static void put(const struct wht_writer *w, const char *text)
{
    w->write(w->user, text, strlen(text));
}

static void put_string(const struct wht_writer *w, const char *text)
{
    char buf[WHT_ESCAPE_MAX];
    const char *start = text;
    put(w, "\"");
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c >= 0x20 && *c != '"' && *c != '\\')
            continue;
        const char *escaped = wht_json_escape((unsigned char)*c, buf);
        w->write(w->user, start, (size_t)(c - start));
        put(w, escaped);
        start = c + 1;
    }
    put(w, start);
    put(w, "\"");
}

static void put_key(const struct wht_writer *w, const struct wht_node *member)
{
    if (!member->key)
        return;
    put_string(w, member->key);
    put(w, ": ");
}

static bool is_container(const struct wht_node *node)
{
    return node->kind == WHT_NODE_OBJECT || node->kind == WHT_NODE_LIST;
}

static const char *word_of(const struct wht_node *node)
{
    if (node->kind == WHT_NODE_NULL)
        return "null";
    return node->boolean ? "true" : "false";
}

static void put_flat(const struct wht_writer *w, const struct wht_node *node,
                     const struct spacing *spacing)
{
    if (node->kind == WHT_NODE_STRING)
        put_string(w, node->string);
    else if (!is_container(node))
        put(w, node->kind == WHT_NODE_NUMBER ? node->string : word_of(node));
    if (!is_container(node))
        return;
    bool is_object = node->kind == WHT_NODE_OBJECT;
    if (!node->first) {
        put(w, is_object ? "{}" : "[]");
        return;
    }
    put(w, is_object ? spacing->open : "[");
    for (const struct wht_node *child = node->first; child; child = child->next) {
        put_key(w, child);
        put_flat(w, child, spacing);
        put(w, child->next ? ", " : "");
    }
    put(w, is_object ? spacing->close : "]");
}

static size_t string_width(const char *text)
{
    char buf[WHT_ESCAPE_MAX];
    size_t width = 2;
    for (const char *c = text; *c; c++) {
        const char *escaped = wht_json_escape((unsigned char)*c, buf);
        bool is_tail = ((unsigned char)*c & 0xc0) == 0x80; /* of a character in UTF-8 */
        width += escaped ? strlen(escaped) : !is_tail;
    }
    return width;
}

/* @return how many columns put_flat() takes; counting ends beyond `limit`. */
static size_t flat_width(const struct wht_node *node, size_t limit)
{
    size_t width = 0;
    if (node->kind == WHT_NODE_STRING)
        return string_width(node->string);
    if (!is_container(node))
        return strlen(node->kind == WHT_NODE_NUMBER ? node->string : word_of(node));
    if (!node->first)
        return 2;
    width = node->kind == WHT_NODE_OBJECT ? 4 : 2;
    for (const struct wht_node *child = node->first; child && width <= limit; child = child->next) {
        width += child->key ? string_width(child->key) + 2 : 0;
        width += flat_width(child, limit);
        width += child->next ? 2 : 0;
    }
    return width;
}

static void indent(const struct wht_writer *w, unsigned level)
{
    for (unsigned i = 0; i < level; i++)
        put(w, "  ");
}

/* Recursion is bounded by the document's depth. @param spread how many levels are spread whatever
 * their length. */
static void put_spread(const struct wht_writer *w, const struct wht_node *node, unsigned level,
                       unsigned spread)
{
    size_t start = 2u * level + (node->key ? string_width(node->key) + 2 : 0);
    bool is_short = spread == 0 && start <= WHT_WRITE_COLUMNS &&
                    flat_width(node, WHT_WRITE_COLUMNS) <= WHT_WRITE_COLUMNS - start;
    if (!is_container(node) || !node->first || is_short) {
        put_flat(w, node, &in_document);
        return;
    }
    bool is_object = node->kind == WHT_NODE_OBJECT;
    put(w, is_object ? "{\n" : "[\n");
    for (const struct wht_node *child = node->first; child; child = child->next) {
        bool is_cases = level == 0 && child->key && strcmp(child->key, "cases") == 0;
        indent(w, level + 1);
        put_key(w, child);
        put_spread(w, child, level + 1, is_cases ? 2 : level > 0 && spread > 0 ? spread - 1 : 0);
        put(w, child->next ? ",\n" : "\n");
    }
    indent(w, level);
    put(w, is_object ? "}" : "]");
}

void wht_write_document(const struct wht_writer *writer, const struct wht_node *root)
{
    struct gathered gathered;
    gathered.to = writer;
    gathered.used = 0;
    const struct wht_writer to = {.write = gather, .user = &gathered};
    put_spread(&to, root, 0, 1);
    put(&to, "\n");
    flush(&gathered);
}

void wht_write_line(const struct wht_writer *writer, const struct wht_node *root)
{
    struct gathered gathered;
    gathered.to = writer;
    gathered.used = 0;
    const struct wht_writer to = {.write = gather, .user = &gathered};
    put_flat(&to, root, &in_line);
    put(&to, "\n");
    flush(&gathered);
}

void wht_write_value(const struct wht_writer *writer, const struct wht_node *value, int level)
{
    struct gathered gathered;
    gathered.to = writer;
    gathered.used = 0;
    const struct wht_writer to = {.write = gather, .user = &gathered};
    if (level < 0)
        put_flat(&to, value, &in_line);
    else
        put_spread(&to, value, (unsigned)level + 1, 0);
    flush(&gathered);
}

void wht_write_key(const struct wht_writer *writer, const char *key)
{
    put_key(writer, &(struct wht_node){.key = key});
}
