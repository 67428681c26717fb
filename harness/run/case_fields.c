/* SPDX-License-Identifier: MIT */
#include "case_fields.h"

#include <string.h>

#include "explain/describe.h"
#include "format/case_code.h"
#include "words/name_lists.h"
#include "words/names.h"

/* @return whether there is one: of NULL there is none. */
static bool say(struct wht_case_word *word, const char *text)
{
    word->text = text;
    word->size = text ? strlen(text) : 0;
    return text != NULL;
}

static bool say_first(struct wht_case_word *word, size_t i, const char *text)
{
    return say(word, i == 0 ? text : NULL);
}

static bool say_listed(struct wht_case_word *word, size_t i, const struct wht_strings *list)
{
    return say(word, i < list->count ? list->items[i] : NULL);
}

static bool word_of_name(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    return say_first(word, i, c->name);
}

static bool word_of_file(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    const char *end = strrchr(c->name, '#');
    say_first(word, i, c->name);
    if (end && i == 0)
        word->size = (size_t)(end - c->name);
    return i == 0;
}

static bool word_of_id(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    return say_first(word, i, c->id);
}

static bool word_of_tag(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    return say_listed(word, i, &c->tags);
}

static bool word_of_flag(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    return say_listed(word, i, &c->flags);
}

static bool word_of_mode(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    return say_first(word, i, wht_mode_name(c->init.mode));
}

static bool word_of_exit(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    static const char *const strings[] = {"string-in", "string-out"};
    const struct wht_exit *exit = &c->exit;
    if (exit->kind == WHT_EXIT_MMIO)
        return say_first(word, i, wht_access_names[exit->access]);
    return say_first(word, i, (exit->string ? strings : wht_port_names)[exit->access]);
}

static bool word_of_api(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    return say_first(word, i, c->api == WHT_API_PREVIEW ? "preview" : "shipping");
}

enum whvemu_code wht_case_code(const struct wht_case *c)
{
    static const enum whvemu_code codes[] = {[WHT_CODE_REAL16] = WHVEMU_CODE_REAL16,
                                             [WHT_CODE_PROT16] = WHVEMU_CODE_PROT16,
                                             [WHT_CODE_32] = WHVEMU_CODE_32,
                                             [WHT_CODE_64] = WHVEMU_CODE_64};
    return codes[wht_code_of(c)];
}

static bool word_of_family(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    struct whvemu_decoded decoded;
    const bool has_row = whvemu_decode(wht_case_code(c), c->code, c->code_size, &decoded);
    return say_first(word, i, has_row ? whvemu_instruction(decoded.row).family : "none");
}

static bool word_of_instruction(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    wht_mnemonic(c, word->buffer, sizeof(word->buffer));
    return say_first(word, i, word->buffer);
}

static bool word_of_status(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    for (size_t bit = 0; bit < WHT_STATUS_NAMES; bit++) {
        if ((c->expect.status >> bit & 1) && i-- == 0)
            return say(word, wht_status_names[bit]);
    }
    return false;
}

static bool word_of_fault(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    for (size_t v = 0; c->expect.has_fault && v < WHT_VECTORS; v++) {
        if (wht_vectors[v].value == c->expect.fault.vector)
            return say_first(word, i, wht_vectors[v].name);
    }
    return say_first(word, i, c->expect.has_fault ? "other" : "none");
}

static bool word_of_match(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    return say_first(word, i, wht_match_name(c->match));
}

static bool word_of_verdict(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    return say_first(word, i, c->verdict == WHT_VERDICT_MAY ? "may" : "must");
}

static bool word_of_source(const struct wht_case *c, size_t i, struct wht_case_word *word)
{
    return say_first(word, i, c->source.kind ? c->source.kind : "none");
}

const struct wht_field_row wht_case_fields[WHT_CASE_FIELDS] = {
#define CASE_FIELD(name, about) {#name, about, word_of_##name},
#include "case_fields.def"
};
