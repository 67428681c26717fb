/* SPDX-License-Identifier: MIT */
#include "amend.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "base/str.h"
#include "base/text.h"

/* Of a table of two lists' common elements; longer ones are paired from both ends. */
#define CELLS_MAX ((size_t)1 << 20)

/** Bytes that another text takes the place of. */
struct wht_edit {
    size_t from;
    size_t to;
    char *text;
};

static bool is_same(const struct wht_node *a, const struct wht_node *b)
{
    return a == b || (a && b && wht_node_same(a, b));
}

static bool is_free_key(const char *key)
{
    return key[0] == '$' || strncmp(key, "x-", 2) == 0;
}

/* @return where a value ends that is known to be valid. */
static size_t end_of(const char *text, size_t at)
{
    size_t depth = 0;
    do {
        if (text[at] == '"') {
            for (at++; text[at] != '"'; at++)
                at += text[at] == '\\';
            at++;
        } else if (text[at] == '{' || text[at] == '[') {
            depth++;
            at++;
        } else if (text[at] == '}' || text[at] == ']') {
            depth--;
            at++;
        } else if (depth > 0) {
            at++;
        } else {
            at += strcspn(text + at, ",}] \t\r\n");
        }
    } while (depth > 0);
    return at;
}

static void append(void *user, const char *bytes, size_t size)
{
    wht_text_add_bytes(user, bytes, size);
}

static void add_edit(struct wht_amendment *a, size_t from, size_t to, struct wht_text *text)
{
    a->edits = wht_grow(a->edits, a->count, &a->room, sizeof(*a->edits));
    a->edits[a->count++] =
        (struct wht_edit){.from = from, .to = to, .text = wht_copy_text(wht_text_get(text))};
    wht_text_free(text);
}

/* @return the level of what a node stands in. */
static int level_of(const struct wht_amendment *a, const struct wht_node *node)
{
    int level = -1;
    for (const struct wht_node *above = node->parent; above; above = above->parent)
        level++;
    return a->is_line ? -1 : level;
}

/* The author's lines may begin elsewhere: what is below the first line is moved there.
 * @param at    where in the text the value is to stand.
 * @param level of what it stands in. */
static void move_lines(const struct wht_amendment *a, size_t at, int level, struct wht_text *text)
{
    struct wht_text moved = {.text = NULL};
    const size_t usual = 2u * (size_t)(level + 1);
    size_t start = at;
    while (start > 0 && a->text[start - 1] != '\n')
        start--;
    const size_t own = strspn(a->text + start, " \t");
    for (const char *line = wht_text_get(text); *line;) {
        const size_t size = strcspn(line, "\n") + 1;
        const bool is_last = !line[size - 1];
        const size_t indent = line == text->text ? 0 : strspn(line, " ");
        if (line != text->text)
            wht_text_add_bytes(&moved, a->text + start, own);
        for (size_t i = usual; i < indent; i++)
            wht_text_add(&moved, " ");
        wht_text_add_bytes(&moved, line + indent, size - indent - is_last);
        line += size - is_last;
    }
    wht_text_free(text);
    *text = moved;
}

static void write_value(const struct wht_amendment *a, size_t at, int level,
                        const struct wht_node *value, struct wht_text *out)
{
    struct wht_text text = {.text = NULL};
    const struct wht_writer writer = {.write = append, .user = &text};
    wht_write_value(&writer, value, level);
    if (level >= 0)
        move_lines(a, at, level, &text);
    wht_text_add(out, wht_text_get(&text));
    wht_text_free(&text);
}

static void replace(struct wht_amendment *a, const struct wht_node *node, struct wht_node *now)
{
    struct wht_text text = {.text = NULL};
    now->key = node->key; /* a key takes room in its line */
    write_value(a, node->offset, level_of(a, node), now, &text);
    add_edit(a, node->offset, end_of(a->text, node->offset), &text);
}

static struct wht_node *lay(struct wht_arena *arena, const struct wht_node *author,
                            const struct wht_node *was, const struct wht_node *now);

/* Members of the author's that stay, in his order, then those that are new. */
static struct wht_node *lay_object(struct wht_arena *arena, const struct wht_node *author,
                                   const struct wht_node *was, const struct wht_node *now)
{
    struct wht_build build = wht_build_new(arena, WHT_NODE_OBJECT);
    for (const struct wht_node *member = author->first; member; member = member->next) {
        const struct wht_node *before = was ? wht_node_member(was, member->key) : NULL;
        const struct wht_node *after = wht_node_member(now, member->key);
        if (is_free_key(member->key) || is_same(before, after))
            wht_build_add(&build, member->key, wht_build_copy(arena, member));
        else if (after)
            wht_build_add(&build, member->key, lay(arena, member, before, after));
    }
    for (const struct wht_node *member = now->first; member; member = member->next) {
        const struct wht_node *before = was ? wht_node_member(was, member->key) : NULL;
        if (!wht_node_member(author, member->key) && !is_same(before, member))
            wht_build_add(&build, member->key, wht_build_copy(arena, member));
    }
    return build.node;
}

/* Elements of the author's and those that they mean, one for one. */
struct lists {
    size_t was_count;
    size_t now_count;
    const struct wht_node **author;
    const struct wht_node **was;
    const struct wht_node **now;
    /* The longest common elements of what is left, (was_count + 1) * (now_count + 1). */
    uint32_t *common;
};

static const struct wht_node **elements(const struct wht_node *list, size_t *count)
{
    const struct wht_node **items;
    *count = wht_node_count(list);
    items = wht_allocate(*count + 1, sizeof(*items));
    size_t i = 0;
    for (const struct wht_node *child = list->first; child; child = child->next)
        items[i++] = child;
    return items;
}

static void compare_lists(struct lists *l)
{
    const size_t width = l->now_count + 1;
    l->common = wht_allocate((l->was_count + 1) * width, sizeof(*l->common));
    for (size_t i = l->was_count; i-- > 0;)
        for (size_t j = l->now_count; j-- > 0;) {
            const uint32_t down = l->common[(i + 1) * width + j];
            const uint32_t right = l->common[i * width + j + 1];
            l->common[i * width + j] = is_same(l->was[i], l->now[j])
                                           ? l->common[(i + 1) * width + j + 1] + 1
                                       : down > right ? down
                                                      : right;
        }
}

/* Elements of one kind have the same first key, if any. */
static bool is_alike(const struct wht_node *a, const struct wht_node *b)
{
    return a->kind == WHT_NODE_OBJECT && b->kind == WHT_NODE_OBJECT && a->first && b->first &&
           strcmp(a->first->key, b->first->key) == 0;
}

static struct wht_node *lay_elements(struct wht_arena *arena, const struct lists *l)
{
    struct wht_build build = wht_build_new(arena, WHT_NODE_LIST);
    const size_t width = l->now_count + 1;
    size_t i = 0;
    for (size_t j = 0; j < l->now_count;) {
        const bool has_common = l->common && i < l->was_count;
        if (i < l->was_count && is_same(l->was[i], l->now[j])) {
            wht_build_add(&build, NULL, wht_build_copy(arena, l->author[i++]));
            j++;
        } else if (has_common &&
                   l->common[(i + 1) * width + j] > l->common[(i + 1) * width + j + 1]) {
            i++;
        } else if (has_common &&
                   l->common[i * width + j + 1] > l->common[(i + 1) * width + j + 1]) {
            wht_build_add(&build, NULL, wht_build_copy(arena, l->now[j++]));
        } else if (i < l->was_count && is_alike(l->was[i], l->now[j])) {
            wht_build_add(&build, NULL, lay(arena, l->author[i], l->was[i], l->now[j]));
            i++;
            j++;
        } else {
            wht_build_add(&build, NULL, wht_build_copy(arena, l->now[j++]));
            i += i < l->was_count;
        }
    }
    return build.node;
}

static struct wht_node *lay_list(struct wht_arena *arena, const struct wht_node *author,
                                 const struct wht_node *was, const struct wht_node *now)
{
    struct lists l = {.common = NULL};
    size_t own_count;
    l.author = elements(author, &own_count);
    l.was = elements(was, &l.was_count);
    l.now = elements(now, &l.now_count);
    if (l.was_count + 1 <= CELLS_MAX / (l.now_count + 1))
        compare_lists(&l);
    struct wht_node *laid =
        own_count == l.was_count ? lay_elements(arena, &l) : wht_build_copy(arena, now);
    free(l.author);
    free(l.was);
    free(l.now);
    free(l.common);
    return laid;
}

/* @return what an author's value becomes. */
static struct wht_node *lay(struct wht_arena *arena, const struct wht_node *author,
                            const struct wht_node *was, const struct wht_node *now)
{
    if (is_same(was, now))
        return wht_build_copy(arena, author);
    if (author->kind == WHT_NODE_OBJECT && now->kind == WHT_NODE_OBJECT)
        return lay_object(arena, author, was && was->kind == WHT_NODE_OBJECT ? was : NULL, now);
    if (author->kind == WHT_NODE_LIST && now->kind == WHT_NODE_LIST && was &&
        was->kind == WHT_NODE_LIST)
        return lay_list(arena, author, was, now);
    return wht_build_copy(arena, now);
}

/* @return whether an object's members can be changed one by one: none comes or goes. */
static bool keeps_members(const struct wht_node *author, const struct wht_node *was,
                          const struct wht_node *now)
{
    for (const struct wht_node *member = author->first; member; member = member->next)
        if (!is_free_key(member->key) && !wht_node_member(now, member->key) &&
            wht_node_member(was, member->key))
            return false;
    for (const struct wht_node *member = now->first; member; member = member->next)
        if (!wht_node_member(author, member->key) &&
            !is_same(wht_node_member(was, member->key), member))
            return false;
    return true;
}

/* Recursion is bounded by the depth of a document. */
static void amend(struct wht_amendment *a, const struct wht_node *author,
                  const struct wht_node *was, const struct wht_node *now)
{
    if (is_same(was, now))
        return;
    if (was && author->kind == now->kind && was->kind == now->kind &&
        now->kind == WHT_NODE_OBJECT && keeps_members(author, was, now)) {
        for (const struct wht_node *member = author->first; member; member = member->next) {
            const struct wht_node *after = wht_node_member(now, member->key);
            if (after && !is_free_key(member->key))
                amend(a, member, wht_node_member(was, member->key), after);
        }
        return;
    }
    if (was && author->kind == now->kind && was->kind == now->kind && now->kind == WHT_NODE_LIST &&
        wht_node_count(author) == wht_node_count(now) &&
        wht_node_count(was) == wht_node_count(now)) {
        const struct wht_node *before = was->first;
        const struct wht_node *after = now->first;
        for (const struct wht_node *child = author->first; child; child = child->next) {
            amend(a, child, before, after);
            before = before->next;
            after = after->next;
        }
        return;
    }
    replace(a, author, lay(a->arena, author, was, now));
}

/* The white space before an object's last member. */
static void copy_separator(const struct wht_amendment *a, const struct wht_node *last,
                           struct wht_text *text)
{
    size_t from = last->key_offset;
    while (from > 0 && strchr(" \t\r\n", a->text[from - 1]))
        from--;
    wht_text_add(text, ",");
    wht_text_add_bytes(text, a->text + from, last->key_offset - from);
    if (from == last->key_offset && a->text[from - 1] == '{')
        wht_text_add(text, " "); /* a single member tells no style */
}

static void insert(struct wht_amendment *a, const struct wht_node *object, const char *key,
                   const struct wht_node *now)
{
    struct wht_text text = {.text = NULL};
    const struct wht_writer writer = {.write = append, .user = &text};
    const struct wht_node *last = object->first;
    while (last->next)
        last = last->next;
    const size_t at = end_of(a->text, last->offset);
    struct wht_node *copy = wht_build_copy(a->arena, now);
    copy->key = key;
    copy_separator(a, last, &text);
    wht_write_key(&writer, key);
    write_value(a, last->key_offset, level_of(a, last), copy, &text);
    add_edit(a, at, at, &text);
}

void wht_amend_member(struct wht_amendment *a, const struct wht_node *object, const char *key,
                      const struct wht_node *was, const struct wht_node *now)
{
    const struct wht_node *member = wht_node_member(object, key);
    if (is_same(was, now))
        return;
    if (member)
        amend(a, member, was, now);
    else
        insert(a, object, key, now);
}

static int compare_edits(const void *left, const void *right)
{
    const size_t a = ((const struct wht_edit *)left)->from;
    const size_t b = ((const struct wht_edit *)right)->from;
    return (a > b) - (a < b);
}

void wht_amend_write(struct wht_amendment *a, const struct wht_writer *writer)
{
    size_t at = 0;
    if (a->count > 0)
        qsort(a->edits, a->count, sizeof(*a->edits), compare_edits);
    for (size_t i = 0; i < a->count; i++) {
        writer->write(writer->user, a->text + at, a->edits[i].from - at);
        writer->write(writer->user, a->edits[i].text, strlen(a->edits[i].text));
        at = a->edits[i].to;
    }
    writer->write(writer->user, a->text + at, a->size - at);
}

void wht_amend_free(struct wht_amendment *a)
{
    for (size_t i = 0; i < a->count; i++)
        free(a->edits[i].text);
    free(a->edits);
    a->edits = NULL;
    a->count = a->room = 0;
}
