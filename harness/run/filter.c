/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/pattern.h"
#include "base/str.h"
#include "case_fields.h"

#define NODES_MAX 1000u
#define DEPTH_MAX 100u
#define WORD_MAX  64u

enum kind { LIKE, NOT, AND, OR };

struct node {
    enum kind kind;
    /** LIKE. */
    enum wht_case_field field;
    char *pattern;
    /** NOT has the first alone; AND, OR. */
    unsigned first, second;
};

struct wht_filter {
    struct node *nodes;
    size_t count;
    size_t capacity;
    unsigned root;
};

/* Where the parser is. What went wrong first is said. */
struct parser {
    struct wht_filter *filter;
    const char *text;
    const char *at;
    unsigned depth;
    bool is_broken;
    char *error;
    size_t n;
};

#define IS_WRONG UINT32_MAX

__attribute__((format(printf, 2, 3))) static unsigned wrong(struct parser *p, const char *format,
                                                            ...)
{
    va_list arguments;
    if (!p->is_broken) {
        va_start(arguments, format);
        const int used = vsnprintf(p->error, p->n, format, arguments);
        va_end(arguments);
        if (used >= 0 && (size_t)used < p->n)
            snprintf(p->error + used, p->n - (size_t)used, " at character %zu",
                     (size_t)(p->at - p->text) + 1);
    }
    p->is_broken = true;
    return IS_WRONG;
}

static unsigned add(struct parser *p, struct node node)
{
    struct wht_filter *f = p->filter;
    if (f->count == NODES_MAX) {
        free(node.pattern);
        return wrong(p, "more than %u parts", NODES_MAX);
    }
    f->nodes = wht_grow(f->nodes, f->count, &f->capacity, sizeof(*f->nodes));
    f->nodes[f->count] = node;
    return (unsigned)f->count++;
}

static unsigned join(struct parser *p, enum kind kind, unsigned first, unsigned second)
{
    return p->is_broken ? IS_WRONG
                        : add(p, (struct node){.kind = kind, .first = first, .second = second});
}

static void skip_spaces(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
}

static size_t word_size(const char *at)
{
    return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
}

/* Takes an operator by its word or its sign. */
static bool take(struct parser *p, const char *word, char sign)
{
    skip_spaces(p);
    const size_t size = word_size(p->at);
    const bool is_sign = *p->at == sign;
    if (!is_sign && !(size == strlen(word) && wht_pattern_is_like(word, p->at, size)))
        return false;
    p->at += is_sign ? 1 : size;
    return true;
}

static void suggest(struct parser *p, const char *word)
{
    const char *names[WHT_CASE_FIELDS];
    for (size_t i = 0; i < WHT_CASE_FIELDS; i++)
        names[i] = wht_case_fields[i].name;
    const char *nearest = wht_did_you_mean(word, names, WHT_CASE_FIELDS);
    wrong(p, nearest ? "there is no field '%s', but '%s'," : "there is no field '%s'", word,
          nearest);
}

static bool take_field(struct parser *p, enum wht_case_field *field)
{
    char word[WORD_MAX];
    const size_t size = word_size(p->at);
    if (size == 0 || size >= sizeof(word)) {
        wrong(p, *p->at ? "expected a field, such as mode(real16)," : "it ends too early");
        return false;
    }
    memcpy(word, p->at, size);
    word[size] = 0;
    for (unsigned i = 0; i < WHT_CASE_FIELDS; i++) {
        *field = (enum wht_case_field)i;
        if (wht_pattern_is_like(wht_case_fields[i].name, word, size)) {
            p->at += size;
            return true;
        }
    }
    suggest(p, word);
    return false;
}

/* One of the patterns between the parentheses, without the spaces around it. */
static unsigned take_pattern(struct parser *p, enum wht_case_field field)
{
    skip_spaces(p);
    size_t size = strcspn(p->at, ",()");
    const char *end = p->at + size;
    if (*end != ',' && *end != ')')
        return wrong(p, "expected ')' after the pattern");
    while (size > 0 && strchr(" \t\r\n", p->at[size - 1]))
        size--;
    if (size == 0)
        return wrong(p, "expected a pattern");
    char *pattern = wht_copy_bytes(p->at, size);
    p->at = end;
    return add(p, (struct node){.kind = LIKE, .field = field, .pattern = pattern});
}

static unsigned take_like(struct parser *p)
{
    enum wht_case_field field;
    if (!take_field(p, &field))
        return IS_WRONG;
    skip_spaces(p);
    if (*p->at != '(')
        return wrong(p, "expected '(' and a pattern after '%s'", wht_case_fields[field].name);
    p->at++;
    unsigned node = take_pattern(p, field);
    while (!p->is_broken && *p->at++ == ',')
        node = join(p, OR, node, take_pattern(p, field));
    return node;
}

static unsigned take_or(struct parser *p);

static unsigned take_one(struct parser *p)
{
    unsigned node;
    if (p->depth == DEPTH_MAX)
        return wrong(p, "more than %u levels", DEPTH_MAX);
    p->depth++;
    if (take(p, "not", '!')) {
        node = join(p, NOT, take_one(p), 0);
    } else if (*p->at == '(') {
        p->at++;
        node = take_or(p);
        skip_spaces(p);
        if (*p->at == ')')
            p->at++;
        else
            node = wrong(p, "expected ')', 'and' or 'or'");
    } else {
        node = take_like(p);
    }
    p->depth--;
    return node;
}

static unsigned take_and(struct parser *p)
{
    unsigned node = take_one(p);
    while (!p->is_broken && take(p, "and", '&'))
        node = join(p, AND, node, take_one(p));
    return node;
}

static unsigned take_or(struct parser *p)
{
    unsigned node = take_and(p);
    while (!p->is_broken && take(p, "or", '|'))
        node = join(p, OR, node, take_and(p));
    return node;
}

struct wht_filter *wht_filter_parse(const char *text, char *error, size_t n)
{
    struct wht_filter *filter = wht_allocate(1, sizeof(*filter));
    struct parser parser = {.filter = filter, .text = text, .at = text, .error = error, .n = n};
    filter->root = take_or(&parser);
    skip_spaces(&parser);
    if (!parser.is_broken && *parser.at)
        wrong(&parser, "expected 'and', 'or' or the end");
    if (!parser.is_broken)
        return filter;
    wht_filter_free(filter);
    return NULL;
}

void wht_filter_free(struct wht_filter *filter)
{
    for (size_t i = 0; filter && i < filter->count; i++)
        free(filter->nodes[i].pattern);
    if (filter)
        free(filter->nodes);
    free(filter);
}

static bool is_like(const struct node *node, const struct wht_case *c)
{
    struct wht_case_word word;
    for (size_t i = 0; wht_case_fields[node->field].word(c, i, &word); i++) {
        if (wht_pattern_is_like(node->pattern, word.text, word.size))
            return true;
    }
    return false;
}

/* As deep as the expression, whose parser has a limit; a list of patterns is deep, and has one too.
 */
static bool accepts(const struct wht_filter *f, unsigned at, const struct wht_case *c)
{
    const struct node *node = &f->nodes[at];
    switch (node->kind) {
    case LIKE:
        return is_like(node, c);
    case NOT:
        return !accepts(f, node->first, c);
    case AND:
        return accepts(f, node->first, c) && accepts(f, node->second, c);
    default:
        return accepts(f, node->first, c) || accepts(f, node->second, c);
    }
}

bool wht_filter_accepts(const struct wht_filter *filter, const struct wht_case *c)
{
    return accepts(filter, filter->root, c);
}

void wht_filter_print_fields(void)
{
    for (size_t i = 0; i < WHT_CASE_FIELDS; i++)
        printf("  %-13s%s\n", wht_case_fields[i].name, wht_case_fields[i].about);
}
