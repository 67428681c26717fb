/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "A case". */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "case_code.h"
#include "flags.h"
#include "source.h"
#include "take.h"
#include "values.h"
#include "words/name_lists.h"
#include "words/names.h"
#include "x86/assemble.h"

#define CODE_MAX 16

static bool take_id(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *text;
    if (!wht_get_string(check, node, &text))
        return false;
    bool is_slug = (*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9');
    for (const char *c = text; *c; c++)
        is_slug &= (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || strchr("._/-", *c);
    if (!is_slug)
        return wht_fail(check, node,
                        "found \"%.60s\", expected lower-case letters, digits and "
                        "._/- after a letter or digit",
                        text);
    ((struct wht_case *)target)->id = wht_arena_copy(check->arena, text);
    return true;
}

static bool take_code(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_case *c = target;
    struct wht_bytes bytes;
    if (!wht_get_bytes(check, node, false, CODE_MAX, &bytes))
        return false;
    memcpy(c->code, bytes.data, bytes.size);
    c->code_size = (uint8_t)bytes.size;
    return true;
}

static bool take_asm(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *text;
    if (!wht_get_string(check, node, &text))
        return false;
    ((struct wht_case *)target)->asm_text = wht_arena_copy(check->arena, text);
    return true;
}

static bool take_api(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const char *const names[] = {"shipping", "preview"};
    int api = 0;
    bool is_good = wht_get_name(check, node, names, 2, "a form of the API", &api);
    ((struct wht_case *)target)->api = (enum wht_api)api;
    ((struct wht_case *)target)->given |= 1u << WHT_CASE_KEY_api;
    return is_good;
}

static bool take_match(struct wht_check *check, const struct wht_node *node, void *target)
{
    int match = 0;
    bool is_good =
        wht_get_name(check, node, wht_match_names, WHT_MATCH_NAMES, "a match level", &match);
    ((struct wht_case *)target)->match = (enum wht_match)match;
    ((struct wht_case *)target)->given |= 1u << WHT_CASE_KEY_match;
    return is_good;
}

static bool take_verdict(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const char *const names[] = {"must", "may"};
    int verdict = 0;
    bool is_good = wht_get_name(check, node, names, 2, "a verdict", &verdict);
    ((struct wht_case *)target)->verdict = (enum wht_verdict)verdict;
    ((struct wht_case *)target)->given |= 1u << WHT_CASE_KEY_verdict;
    return is_good;
}

/* @param is_used by definition: whether the case has named it before. */
static bool check_flag(struct wht_check *check, const struct wht_node *node, bool *is_used)
{
    const struct wht_flags *flags = check->flags;
    const struct wht_flag *flag = wht_flags_find(flags, node->string);
    if (flags->is_broken || (flag && !is_used[flag - flags->items])) {
        if (flag)
            is_used[flag - flags->items] = true;
        return true;
    }
    if (flag)
        return wht_fail(check, node, "found \"%s\" a second time, expected it once", flag->name);
    const char *meant = wht_did_you_mean(node->string, flags->names, flags->count);
    if (meant)
        return wht_fail(check, node, "found the unknown flag \"%.60s\"; did you mean \"%s\"?",
                        node->string, meant);
    return wht_fail(check, node, "found the flag \"%.60s\", expected one that flags.json defines",
                    node->string);
}

static bool take_flags(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_case *c = target;
    bool is_good = wht_get_strings(check, node, false, &c->flags);
    if (!check->flags)
        check->flags = wht_flags_of(check->file, &check->options, &check->errors);
    bool *is_used = wht_arena_take(check->arena, check->flags->count + 1);
    for (const struct wht_node *child = node->first; child; child = child->next) {
        if (child->kind == WHT_NODE_STRING)
            is_good &= check_flag(check, child, is_used);
    }
    return is_good;
}

static bool take_spec(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_strings(check, node, true, &((struct wht_case *)target)->spec);
}

static bool take_tags(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_strings(check, node, false, &((struct wht_case *)target)->tags);
}

static bool take_note(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *text;
    if (!wht_get_string(check, node, &text))
        return false;
    ((struct wht_case *)target)->note = wht_arena_copy(check->arena, text);
    return true;
}

static bool take_todo(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_strings(check, node, false, &((struct wht_case *)target)->todo);
}

static bool take_deliberate(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *text;
    if (!wht_get_string(check, node, &text))
        return false;
    if (!text[strspn(text, " \t\n\r")])
        return wht_fail(check, node, "found \"%.20s\", expected a sentence that says why", text);
    ((struct wht_case *)target)->deliberate = wht_arena_copy(check->arena, text);
    return true;
}

static bool take_source(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_take_source(check, node, &((struct wht_case *)target)->source);
}

static bool take_schema(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *text;
    if (!wht_get_string(check, node, &text))
        return false;
    ((struct wht_case *)target)->schema = wht_arena_copy(check->arena, text);
    return true;
}

/* Those without a function are taken by hand, in the order in which they need each other:
 * take_parts(). */
#define take_format NULL
#define take_init   NULL
#define take_exit   NULL
#define take_memory NULL
#define take_pages  NULL
#define take_expect NULL

static const struct wht_field fields[] = {
    {"$schema", take_schema, false},
#define CASE_KEY(key, is_required, how, shape) {#key, take_##key, is_required},
#include "keys.def"
};

#define DOCUMENT_FIELDS 2 /* format and $schema, for a case that is a file */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Steps over blanks. @return whether they part two words: elsewhere they say nothing. */
static bool skip_blanks(const char **text, char before)
{
    size_t blanks = strspn(*text, " \t");
    *text += blanks;
    return blanks > 0 && is_word(before) && is_word(**text);
}

/* Compares assembler text after folding case and blanks. */
static bool is_same_asm(const char *a, const char *b)
{
    char before = 0;
    for (;;) {
        if (skip_blanks(&a, before) != skip_blanks(&b, before) ||
            tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (!*a)
            return true;
        before = *a;
        a++;
        b++;
    }
}

static bool check_asm(struct wht_check *check, const struct wht_node *node,
                      const struct wht_case *c)
{
    char text[128];
    const struct wht_node *place = wht_node_member(node, "asm");
    bool is_known = wht_case_disasm(c, text, sizeof(text), NULL);
    if (is_same_asm(c->asm_text, text) ||
        (is_known && wht_assembles_to(wht_code_of(c), c->asm_text, text)))
        return true;
    return wht_fail(check, wht_more_specific(place, wht_node_member(node, "code")),
                    "found \"%.60s\", expected what the code is: \"%s\"", c->asm_text, text);
}

static bool take_parts(struct wht_check *check, const struct wht_node *node, struct wht_case *c)
{
    const struct wht_node *exit = wht_node_member(node, "exit");
    const struct wht_node *memory = wht_node_member(node, "memory");
    const struct wht_node *pages = wht_node_member(node, "pages");
    const struct wht_node *expect = wht_node_member(node, "expect");
    bool is_good = wht_take_init(check, wht_node_member(node, "init"), c);
    if (is_good && check->options.check_asm && !check->is_partial && c->asm_text && c->code_size)
        is_good = check_asm(check, node, c);
    if (exit)
        is_good &= wht_take_exit(check, exit, c);
    if (memory)
        is_good &= wht_take_memory(check, memory, c);
    if (pages)
        is_good &= wht_take_pages(check, pages, c);
    if (expect)
        is_good &= wht_take_expect(check, expect, c);
    return is_good;
}

/* Rules between keys, as far as each is right by itself. */
static bool check_rules(struct wht_check *check, const struct wht_node *node,
                        const struct wht_case *c)
{
    const struct wht_node *flags = wht_node_member(node, "flags");
    const struct wht_node *expect = wht_node_member(node, "expect");
    const struct wht_node *match = wht_node_member(node, "match");
    bool is_good = true;
    if (c->verdict == WHT_VERDICT_MAY &&
        (!flags || (flags->kind == WHT_NODE_LIST && !flags->first)))
        is_good = wht_fail(
            check, wht_more_specific(wht_node_member(node, "verdict"), flags ? flags : node),
            "found \"may\" without a flag, expected at least one entry in \"flags\" "
            "that says what a failure means");
    if (c->match != WHT_MATCH_EFFECTS && expect && expect->kind == WHT_NODE_OBJECT &&
        !wht_node_member(expect, "calls"))
        is_good = wht_fail(
            check, match ? wht_more_specific(match, expect) : wht_more_specific(expect, node),
            "found no key \"calls\" at match %s, expected the accesses in order, "
            "\"calls\": [] if there are none, or \"match\": \"effects\" if they "
            "do not matter",
            wht_match_names[c->match]);
    return is_good;
}

struct wht_case *wht_take_case(struct wht_check *check, const struct wht_node *node, bool is_file)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_case *c = wht_arena_take(arena, sizeof(*c));
    const size_t skipped = is_file ? 0 : DOCUMENT_FIELDS;
    bool is_good;
    check->arena = arena;
    check->is_bad = false;
    c->arena = arena;
    c->match = WHT_MATCH_DEVICE;
    if (is_file && node->kind == WHT_NODE_OBJECT && !wht_node_member(node, "format"))
        wht_fail_missing(check, node, "format");
    is_good = wht_take_object(check, node, fields + skipped,
                              sizeof(fields) / sizeof(fields[0]) - skipped, c);
    if (node->kind == WHT_NODE_OBJECT) {
        is_good &= take_parts(check, node, c);
        is_good &= check_rules(check, node, c);
        wht_take_free(check, node, &c->free);
    }
    is_good &= !check->is_bad;
    if (!is_good) {
        wht_arena_free(arena);
        return NULL;
    }
    c->pos = wht_node_pos(check, node);
    return c;
}

static bool refuse_in_defaults(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)target;
    return wht_fail_key(
        check, node, "found \"%s\" in defaults, expected it in the case or file itself", node->key);
}

bool wht_take_defaults(struct wht_check *check, const struct wht_node *node)
{
    struct wht_field partial[sizeof(fields) / sizeof(fields[0])];
    struct wht_arena *arena = wht_arena_new();
    struct wht_case *c = wht_arena_take(arena, sizeof(*c));
    c->arena = arena;
    memcpy(partial, fields, sizeof(fields));
    for (size_t i = 0; i < DOCUMENT_FIELDS + 1; i++) /* and the id */
        partial[i].take = refuse_in_defaults;
    check->arena = arena;
    check->is_partial = true;
    bool is_good = wht_take_object(check, node, partial, sizeof(partial) / sizeof(partial[0]), c);
    if (node->kind == WHT_NODE_OBJECT)
        is_good &= take_parts(check, node, c);
    check->is_partial = false;
    wht_arena_free(arena);
    return is_good;
}
