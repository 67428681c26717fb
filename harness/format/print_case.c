/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "A case". */
#include <string.h>

#include "case_code.h"
#include "exit_defaults.h"
#include "print_parts.h"
#include "take.h"
#include "words/name_lists.h"

struct wht_node *wht_print_object(const struct wht_printer *p, const struct wht_print_key *keys,
                                  size_t count, const void *object)
{
    struct wht_build made = wht_build_new(p->arena, WHT_NODE_OBJECT);
    for (size_t i = 0; i < count; i++) {
        struct wht_node *value = keys[i].print(p, object);
        if (value)
            wht_build_add(&made, keys[i].key, value);
    }
    return made.node;
}

static void put_first(struct wht_node *object, const char *key, struct wht_node *value)
{
    value->key = key;
    value->parent = object;
    value->next = object->first;
    object->first = value;
}

void wht_print_free(const struct wht_printer *p, struct wht_node *object,
                    const struct wht_free_list *list)
{
    struct wht_build end = wht_build_more(p->arena, object);
    for (size_t i = 0; i < list->count; i++) {
        struct wht_node *value = wht_build_copy(p->arena, list->items[i].value);
        const char *key = wht_arena_copy(p->arena, list->items[i].key);
        if (key[0] == 'x')
            wht_build_add(&end, key, value);
        else
            put_first(object, key, value);
    }
}

struct wht_node *wht_print_text(const struct wht_printer *p, const char *text)
{
    return text ? wht_build_string(p->arena, text) : NULL;
}

static struct wht_node *print_format(const struct wht_printer *p, const void *object)
{
    (void)object;
    bool is_file = p->form == WHT_PRINT_ALL || p->form == WHT_PRINT_FILE;
    return is_file ? wht_build_string(p->arena, "whv-trace/1.0") : NULL;
}

/* What has no influence on how the case comes out. */
#define PRINT_WORDS(key, text)                                                                     \
    static struct wht_node *print_##key(const struct wht_printer *p, const void *object)           \
    {                                                                                              \
        const struct wht_case *c = object;                                                         \
        return p->form == WHT_PRINT_MEANING ? NULL : wht_print_text(p, text);                      \
    }
PRINT_WORDS(id, c->id)
PRINT_WORDS(deliberate, c->deliberate)
PRINT_WORDS(note, c->note)

static struct wht_node *print_code(const struct wht_printer *p, const void *object)
{
    const struct wht_case *c = object;
    return wht_build_bytes(p->arena, c->code, NULL, c->code_size);
}

static struct wht_node *print_asm(const struct wht_printer *p, const void *object)
{
    const struct wht_case *c = object;
    char text[256];
    if (p->form == WHT_PRINT_MEANING)
        return NULL;
    return wht_print_text(p, wht_case_disasm(c, text, sizeof(text), NULL) ? text : c->asm_text);
}

/* A word that the short forms leave out if it is the usual one. */
static struct wht_node *word(const struct wht_printer *p, const char *const *names, int index,
                             int usual, enum wht_case_key key)
{
    if (wht_prints_short(p) && index == usual && !(p->c->given >> key & 1))
        return NULL;
    return wht_build_string(p->arena, names[index]);
}

static struct wht_node *print_api(const struct wht_printer *p, const void *object)
{
    static const char *const names[] = {"shipping", "preview"};
    const struct wht_case *c = object;
    return word(p, names, (int)c->api, WHT_API_SHIPPING, WHT_CASE_KEY_api);
}

static struct wht_node *print_match(const struct wht_printer *p, const void *object)
{
    const struct wht_case *c = object;
    return word(p, wht_match_names, (int)c->match, WHT_MATCH_DEVICE, WHT_CASE_KEY_match);
}

static struct wht_node *print_verdict(const struct wht_printer *p, const void *object)
{
    static const char *const names[] = {"must", "may"};
    const struct wht_case *c = object;
    return word(p, names, (int)c->verdict, WHT_VERDICT_MUST, WHT_CASE_KEY_verdict);
}

#define PRINT_PART(key)                                                                            \
    static struct wht_node *print_##key(const struct wht_printer *p, const void *object)           \
    {                                                                                              \
        (void)object;                                                                              \
        return wht_print_##key(p);                                                                 \
    }
PRINT_PART(init)
PRINT_PART(exit)
PRINT_PART(memory)
PRINT_PART(pages)
PRINT_PART(expect)

static struct wht_node *print_strings(const struct wht_printer *p,
                                      const struct wht_strings *strings)
{
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    for (size_t i = 0; i < strings->count; i++)
        wht_build_add(&list, NULL, wht_build_string(p->arena, strings->items[i]));
    return strings->count > 0 ? list.node : NULL;
}

/* What is open decides whether the case can pass. */
static struct wht_node *print_todo(const struct wht_printer *p, const void *object)
{
    return print_strings(p, &((const struct wht_case *)object)->todo);
}

#define PRINT_STRINGS(key)                                                                         \
    static struct wht_node *print_##key(const struct wht_printer *p, const void *object)           \
    {                                                                                              \
        const struct wht_case *c = object;                                                         \
        return p->form == WHT_PRINT_MEANING ? NULL : print_strings(p, &c->key);                    \
    }
PRINT_STRINGS(flags)
PRINT_STRINGS(spec)
PRINT_STRINGS(tags)

static struct wht_node *print_source(const struct wht_printer *p, const void *object)
{
    const struct wht_case *c = object;
    return p->form == WHT_PRINT_MEANING ? NULL : wht_print_source(p, &c->source);
}

static const struct wht_print_key keys[] = {
#define CASE_KEY(key, is_required, how, shape) {#key, print_##key},
#include "keys.def"
};

struct wht_node *wht_print_case(struct wht_arena *arena, const struct wht_case *c,
                                enum wht_print form)
{
    struct wht_printer p = {.arena = arena, .c = c, .form = form};
    if (wht_prints_short(&p)) {
        p.usual = c->exit;
        wht_exit_fill_in(c, &p.usual, c->exit.given);
    }
    struct wht_node *made = wht_print_object(&p, keys, sizeof(keys) / sizeof(keys[0]), c);
    if (form != WHT_PRINT_MEANING)
        wht_print_free(&p, made, &c->free);
    if (form == WHT_PRINT_FILE && c->schema)
        put_first(made, "$schema", wht_build_string(arena, c->schema));
    return made;
}
