/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json_scan.h"
#include "base/nearest.h"
#include "base/str.h"
#include "base/utf8.h"

#define POINTER_MAX 1024
#define TEXT_MAX    512
#define SHOWN_MAX   60 /* characters of the file's own text that a message repeats */

/* @return whether the character starts a line, moves the cursor or is no text at all. */
static bool is_control(const unsigned char *c, size_t length)
{
    return (length == 1 && (*c < 0x20 || *c == 0x7f)) || (length == 2 && *c == 0xc2 && c[1] < 0xa0);
}

/* Replaces control characters, and what is left of a character that was cut: messages repeat what a
 * file says. */
static void make_printable(char *text)
{
    unsigned char *c = (unsigned char *)text;
    size_t left = strlen(text);
    while (left > 0) {
        size_t length = wht_utf8_length(c, left);
        bool is_bad = length == 0 || is_control(c, length);
        length += length == 0;
        if (is_bad)
            memset(c, '?', length);
        c += length;
        left -= length;
    }
}

static void tell(struct wht_check *check, struct wht_pos pos, const char *pointer, bool is_warning,
                 const char *format, va_list arguments)
{
    char text[TEXT_MAX];
    size_t *count = is_warning ? &check->warnings : &check->errors;
    ++*count;
    check->is_bad |= !is_warning;
    if (!check->options.on_error || *count > WHT_ERRORS_MAX)
        return;
    vsnprintf(text, sizeof(text), format, arguments);
    make_printable(text);
    struct wht_error error = {.file = check->file,
                              .pos = pos,
                              .pointer = pointer,
                              .text = text,
                              .is_warning = is_warning};
    check->options.on_error(check->options.user, &error);
}

static void report(struct wht_check *check, struct wht_pos pos, const char *pointer,
                   const char *format, va_list arguments)
{
    tell(check, pos, pointer, false, format, arguments);
}

void wht_report(struct wht_check *check, struct wht_pos pos, const char *pointer,
                const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(check, pos, pointer, format, arguments);
    va_end(arguments);
}

static void report_rest(struct wht_check *check, size_t count, bool is_warning)
{
    char text[64];
    if (count <= WHT_ERRORS_MAX)
        return;
    const size_t more = count - WHT_ERRORS_MAX;
    snprintf(text, sizeof(text), "and %zu more %s%s", more, is_warning ? "warning" : "error",
             more == 1 ? "" : "s");
    struct wht_error error = {
        .file = check->file, .pointer = "", .text = text, .more = more, .is_warning = is_warning};
    check->options.on_error(check->options.user, &error);
}

void wht_report_rest(struct wht_check *check)
{
    if (check->is_rest_told || !check->options.on_error)
        return;
    check->is_rest_told = true;
    report_rest(check, check->errors, false);
    report_rest(check, check->warnings, true);
}

/* Writes a node's RFC 6901 pointer, from its root on. */
static size_t write_pointer(const struct wht_node *node, char *buf, size_t size)
{
    if (!node->parent) {
        buf[0] = 0;
        return 0;
    }
    size_t used = write_pointer(node->parent, buf, size);
    if (used + 4 >= size)
        return used;
    buf[used++] = '/';
    if (node->key) {
        for (const char *c = node->key; *c && used + 3 < size; c++) {
            if (*c == '~' || *c == '/') {
                buf[used++] = '~';
                buf[used++] = *c == '~' ? '0' : '1';
            } else {
                buf[used++] = *c;
            }
        }
    } else {
        used += (size_t)snprintf(buf + used, size - used, "%zu", node->index);
    }
    if (used >= size)
        used = size - 1;
    buf[used] = 0;
    return used;
}

static const struct wht_document *document_of(const struct wht_check *check,
                                              const struct wht_node *node)
{
    return node->origin && check->defaults ? check->defaults : check->document;
}

static struct wht_pos pos_of(const struct wht_check *check, const struct wht_node *node,
                             size_t offset)
{
    const struct wht_document *document = document_of(check, node);
    if (!document->text)
        return (struct wht_pos){.line = document->first_line, .column = 1};
    if (document->mark_count == 0)
        return wht_pos_from_offset(document->text, offset, document->first_line);
    /* A line may be as long as the document: only what follows the mark is searched. */
    const struct wht_pos_mark *mark = &document->marks[offset / WHT_POS_STRIDE];
    size_t block = offset - offset % WHT_POS_STRIDE;
    uint32_t line = document->first_line + mark->line;
    struct wht_pos pos = wht_pos_from_offset(document->text + block, offset - block, line);
    if (pos.line == line)
        pos.column = (uint32_t)(offset - mark->start) + 1;
    return pos;
}

struct wht_pos wht_node_pos(const struct wht_check *check, const struct wht_node *node)
{
    return pos_of(check, node, node->offset);
}

/* An error inside `defaults` concerns every case and is reported for the first alone. */
static bool is_repeated(const struct wht_check *check, const struct wht_node *node)
{
    if (!node->origin)
        return false;
    if (node->origin->reported_for != 0)
        return node->origin->reported_for != check->case_number + 1;
    node->origin->reported_for = check->case_number + 1;
    return false;
}

static void fail_at(struct wht_check *check, const struct wht_node *node, size_t offset,
                    const char *format, va_list arguments)
{
    char pointer[POINTER_MAX];
    if (is_repeated(check, node)) {
        check->is_bad = true;
        return;
    }
    if (check->errors >= WHT_ERRORS_MAX) { /* only counted: its place would take time */
        report(check, (struct wht_pos){0}, "", format, arguments);
        return;
    }
    write_pointer(node, pointer, sizeof(pointer));
    make_printable(pointer);
    report(check, pos_of(check, node, offset), pointer, format, arguments);
}

bool wht_fail(struct wht_check *check, const struct wht_node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail_at(check, node, node->offset, format, arguments);
    va_end(arguments);
    return false;
}

bool wht_fail_key(struct wht_check *check, const struct wht_node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail_at(check, node, node->key_offset, format, arguments);
    va_end(arguments);
    return false;
}

void wht_warn(struct wht_check *check, const struct wht_node *node, const char *format, ...)
{
    char pointer[POINTER_MAX];
    va_list arguments;
    if (node->origin && node->origin->is_warned)
        return;
    if (node->origin)
        node->origin->is_warned = true;
    write_pointer(node, pointer, sizeof(pointer));
    make_printable(pointer);
    va_start(arguments, format);
    tell(check, pos_of(check, node, node->offset), pointer, true, format, arguments);
    va_end(arguments);
}

const struct wht_node *wht_more_specific(const struct wht_node *node, const struct wht_node *other)
{
    return node->origin && other && !other->origin ? other : node;
}

const struct wht_node *wht_node_within(const struct wht_node *node, const char *object,
                                       const char *member)
{
    const struct wht_node *outer = wht_node_member(node, object);
    const struct wht_node *inner =
        outer && outer->kind == WHT_NODE_OBJECT ? wht_node_member(outer, member) : NULL;
    return inner ? inner : outer ? outer : node;
}

bool wht_fail_missing(struct wht_check *check, const struct wht_node *object, const char *key)
{
    return wht_fail(check, object, "found no key \"%s\", expected one", key);
}

static bool wrong_kind(struct wht_check *check, const struct wht_node *node, const char *expected)
{
    return wht_fail(check, node, "found %s, expected %s", wht_node_kind_name(node), expected);
}

bool wht_get_object(struct wht_check *check, const struct wht_node *node)
{
    return node->kind == WHT_NODE_OBJECT || wrong_kind(check, node, "an object");
}

bool wht_get_list(struct wht_check *check, const struct wht_node *node, size_t min)
{
    if (node->kind != WHT_NODE_LIST)
        return wrong_kind(check, node, "a list");
    size_t count = wht_node_count(node);
    if (count < min)
        return wht_fail(check, node, "found a list of %zu, expected at least %zu", count, min);
    return true;
}

bool wht_get_string(struct wht_check *check, const struct wht_node *node, const char **value)
{
    if (node->kind != WHT_NODE_STRING)
        return wrong_kind(check, node, "a string");
    *value = node->string;
    return true;
}

bool wht_get_bool(struct wht_check *check, const struct wht_node *node, bool *value)
{
    if (node->kind != WHT_NODE_BOOL)
        return wrong_kind(check, node, "true or false");
    *value = node->boolean;
    return true;
}

const char *wht_number_text(const struct wht_check *check, const struct wht_node *node,
                            char written[WHT_NUMBER_TEXT])
{
    const char *text = node->string ? node->string : document_of(check, node)->text + node->offset;
    size_t length = strspn(text, "-+.0123456789eE");
    size_t most = WHT_NUMBER_TEXT - 4;
    snprintf(written, WHT_NUMBER_TEXT, "%.*s%s", (int)(length > most ? most : length), text,
             length > most ? "..." : "");
    return written;
}

bool wht_get_count(struct wht_check *check, const struct wht_node *node, int64_t min, int64_t max,
                   int64_t *value)
{
    if (node->kind != WHT_NODE_NUMBER)
        return wht_fail(check, node, "found %s, expected an integer from %lld to %lld",
                        wht_node_kind_name(node), (long long)min, (long long)max);
    if (!node->is_integer)
        return wht_fail(check, node,
                        "found a number with a fraction, an exponent or -0, expected "
                        "an integer");
    if (node->number < (double)min || node->number > (double)max) {
        char written[WHT_NUMBER_TEXT];
        return wht_fail(check, node, "found %s, expected an integer from %lld to %lld",
                        wht_number_text(check, node, written), (long long)min, (long long)max);
    }
    *value = (int64_t)node->number;
    return true;
}

bool wht_get_name(struct wht_check *check, const struct wht_node *node, const char *const *names,
                  size_t count, const char *what, int *value)
{
    const char *text = node->kind == WHT_NODE_STRING ? node->string : "";
    for (size_t i = 0; node->kind == WHT_NODE_STRING && i < count; i++) {
        if (strcmp(names[i], text) == 0) {
            *value = (int)i;
            return true;
        }
    }
    const char *meant = wht_did_you_mean(text, names, count);
    if (meant)
        return wht_fail(check, node, "found \"%.*s\", expected %s; did you mean \"%s\"?", SHOWN_MAX,
                        text, what, meant);
    char list[TEXT_MAX / 2] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", names[i]);
    }
    if (node->kind != WHT_NODE_STRING)
        return wht_fail(check, node, "found %s, expected %s: %s", wht_node_kind_name(node), what,
                        list);
    return wht_fail(check, node, "found \"%.*s\", expected %s: %s", SHOWN_MAX, text, what, list);
}

bool wht_get_strings(struct wht_check *check, const struct wht_node *node, bool allow_one,
                     struct wht_strings *value)
{
    if (allow_one && node->kind == WHT_NODE_STRING) {
        value->items = wht_arena_take(check->arena, sizeof(char *));
        value->items[0] = wht_arena_copy(check->arena, node->string);
        value->count = 1;
        return true;
    }
    if (node->kind != WHT_NODE_LIST)
        return wrong_kind(check, node,
                          allow_one ? "a string or a list of strings" : "a list of strings");
    bool is_good = true;
    value->items = wht_arena_take(check->arena, (wht_node_count(node) + 1) * sizeof(char *));
    for (const struct wht_node *child = node->first; child; child = child->next) {
        const char *text = NULL;
        if (!wht_get_string(check, child, &text))
            is_good = false;
        else
            value->items[value->count++] = wht_arena_copy(check->arena, text);
    }
    return is_good;
}

static bool is_free_key(const char *key)
{
    return (key[0] == 'x' && key[1] == '-') || (key[0] == '$' && strcmp(key, "$comment") == 0);
}

static bool unknown_key(struct wht_check *check, const struct wht_node *member,
                        const struct wht_field *fields, size_t count)
{
    const char *names[65];
    size_t known = 0;
    for (; known < count && known < 64; known++)
        names[known] = fields[known].key;
    if (member->key[0] == '$' || strcmp(member->key, "comment") == 0)
        names[known++] = "$comment";
    const char *meant = wht_did_you_mean(member->key, names, known);
    if (check->newer)
        return wht_fail_key(
            check, member,
            "found the unknown key \"%.*s\", expected a key of whv-trace/1.0: this file "
            "needs a program that knows %.20s",
            SHOWN_MAX, member->key, check->newer);
    if (meant)
        return wht_fail_key(check, member, "found the unknown key \"%.*s\"; did you mean \"%s\"?",
                            SHOWN_MAX, member->key, meant);
    return wht_fail_key(check, member,
                        "found the unknown key \"%.*s\", expected a key of the format "
                        "or one that starts with \"x-\"",
                        SHOWN_MAX, member->key);
}

/* In `defaults` only lists and register values are replaced whole and must be complete. */
static bool may_lack_keys(const struct wht_check *check, const struct wht_node *object)
{
    if (!check->is_partial)
        return false;
    for (const struct wht_node *node = object; node->parent; node = node->parent) {
        const char *key = node->parent->key;
        if (node->parent->kind == WHT_NODE_LIST ||
            (key && (strcmp(key, "init") == 0 || strcmp(key, "regs") == 0)))
            return false;
    }
    return true;
}

bool wht_take_object(struct wht_check *check, const struct wht_node *node,
                     const struct wht_field *fields, size_t count, void *target)
{
    bool is_good = true;
    uint64_t taken = 0; /* a second member of one name is an error that is reported elsewhere */
    if (!wht_get_object(check, node))
        return false;
    for (const struct wht_node *member = node->first; member; member = member->next) {
        size_t i = 0;
        if (is_free_key(member->key))
            continue;
        while (i < count &&
               (fields[i].key[0] != member->key[0] || strcmp(fields[i].key, member->key) != 0))
            i++;
        if (i == count)
            is_good &= unknown_key(check, member, fields, count);
        else if (fields[i].take && !(taken >> i & 1))
            is_good &= fields[i].take(check, member, target);
        if (i < count)
            taken |= UINT64_C(1) << i;
    }
    for (size_t i = 0; i < count && !may_lack_keys(check, node); i++) {
        if (fields[i].is_required && !(taken >> i & 1))
            is_good = wht_fail_missing(check, node, fields[i].key);
    }
    return is_good;
}

static int compare_keys(const void *a, const void *b)
{
    const struct wht_node *const *left = a;
    const struct wht_node *const *right = b;
    int order = strcmp((*left)->key, (*right)->key);
    if (order != 0)
        return order;
    return (*left)->key_offset < (*right)->key_offset ? -1 : 1;
}

#define FEW   64u
#define SLOTS 256u /* enough for FEW */
#define FEWER 8u   /* and for these the first LEAST of them */
#define LEAST 32u

/* @return whether no two of at most FEW members have keys with equal hashes: then none occurs
 * twice. */
static bool is_free_of_doubt(const struct wht_node *object, size_t count)
{
    const uint32_t slots = count <= FEWER ? LEAST : SLOTS;
    uint32_t hashes[SLOTS];
    memset(hashes, 0, slots * sizeof(hashes[0]));
    for (const struct wht_node *member = object->first; member; member = member->next) {
        uint32_t hash = (uint32_t)wht_hash_add_text(WHT_HASH, member->key) | 1; /* 0: empty slot */
        uint32_t slot = hash >> 8 & (slots - 1);
        while (hashes[slot] != 0 && hashes[slot] != hash)
            slot = (slot + 1) & (slots - 1);
        if (hashes[slot] == hash)
            return false;
        hashes[slot] = hash;
    }
    return true;
}

bool wht_check_members(struct wht_check *check, const struct wht_node *object)
{
    bool is_good = true;
    const struct wht_node *few[32];
    size_t count = wht_node_count(object);
    const struct wht_node **sorted = few;
    if (count <= FEW && is_free_of_doubt(object, count))
        return true;
    if (count > 32) {
        sorted = wht_reallocate(NULL, count * sizeof(*sorted));
    }
    size_t i = 0;
    for (const struct wht_node *member = object->first; member; member = member->next)
        sorted[i++] = member;
    qsort(sorted, count, sizeof(*sorted), compare_keys);
    for (i = 1; i < count; i++) {
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            is_good = wht_fail_key(check, sorted[i],
                                   "found the key \"%.*s\" a second time, expected it once",
                                   SHOWN_MAX, sorted[i]->key);
    }
    if (sorted != few)
        free(sorted);
    return is_good;
}

bool wht_check_duplicates(struct wht_check *check, const struct wht_node *node)
{
    bool is_good = true;
    if (node->kind == WHT_NODE_OBJECT && node->first)
        is_good = wht_check_members(check, node);
    for (const struct wht_node *child = node->first; child; child = child->next)
        is_good &= wht_check_duplicates(check, child);
    return is_good;
}
