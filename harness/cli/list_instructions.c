/* SPDX-License-Identifier: MIT */
#include "list_instructions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/json_build.h"
#include "base/json_write.h"
#include "base/text.h"
#include "format/find.h"
#include "format/load.h"
#include "instructions.h"

#define TRAIT_BITS 32u

/* Traces' names of modes, by enum whvemu_code. */
static const char *const modes[WHVEMU_CODES][2] = {[WHVEMU_CODE_REAL16] = {"real16", "vm86"},
                                                   [WHVEMU_CODE_PROT16] = {"prot16", "compat16"},
                                                   [WHVEMU_CODE_32] = {"prot32", "compat32"},
                                                   [WHVEMU_CODE_64] = {"long64", NULL}};

struct totals {
    size_t cases;
    size_t unknown; /* cases whose instruction has no row, or is none */
    size_t errors;
};

static void count_cases(const struct wht_instructions *list, const struct wht_file_list *files,
                        const struct wht_selection *selection, struct totals *totals)
{
    struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    for (size_t i = 0; i < files->count; i++) {
        struct wht_reader *reader = wht_reader_open(files->paths[i], &load);
        for (struct wht_case *c; reader && (c = wht_reader_next(reader)); wht_case_free(c)) {
            if (c->revoked || !wht_selects(selection, c))
                continue;
            struct wht_instruction *item = wht_instruction_of(list, c, NULL);
            totals->cases++;
            if (item)
                item->cases++;
            else
                totals->unknown++;
        }
        totals->errors += reader ? wht_reader_error_count(reader) : 1;
        wht_reader_close(reader);
    }
}

/* "16 32 64"; real and protected 16-bit code are told apart only where they differ. */
static void add_codes(struct wht_text *text, unsigned codes)
{
    bool is_real = codes >> WHVEMU_CODE_REAL16 & 1;
    bool is_protected = codes >> WHVEMU_CODE_PROT16 & 1;
    if (is_real || is_protected)
        wht_text_addf(text, "%s ", is_real && is_protected ? "16" : is_real ? "real16" : "prot16");
    if (codes >> WHVEMU_CODE_32 & 1)
        wht_text_add(text, "32 ");
    if (codes >> WHVEMU_CODE_64 & 1)
        wht_text_add(text, "64 ");
}

static void add_traits(struct wht_text *text, const struct wht_instruction *item)
{
    if (item->is_lockable)
        wht_text_add(text, "lock ");
    if (item->repeats)
        wht_text_add(text, "rep ");
    for (unsigned bit = 0; bit < TRAIT_BITS; bit++) {
        const char *word = item->traits >> bit & 1 ? whvemu_trait_name(1u << bit) : NULL;
        if (word && strcmp(word, "repeats") != 0) /* said as "rep" already */
            wht_text_addf(text, "%s ", word);
    }
}

/* Bits of memory operands, or where there are none of everything else. */
static void add_sizes(struct wht_text *text, const struct wht_instruction *item)
{
    unsigned sizes[2] = {0, 0}; /* of others, of memory: bit n is 1 << n bytes */
    if (item->element_size > 0)
        sizes[1] = item->element_size;
    for (size_t i = 0; i < item->form_count; i++)
        for (size_t j = 0; j < WHVEMU_OPERANDS; j++)
            sizes[item->forms[i].operand[j].kind == WHVEMU_OPERAND_MEMORY] |=
                item->forms[i].operand[j].size;
    unsigned shown = sizes[1] ? sizes[1] : sizes[0];
    for (unsigned size = 1; size <= 64; size *= 2)
        if (shown & size)
            wht_text_addf(text, "%u ", 8 * size);
}

/* The operands of a form without their sizes, e.g. "m,r". */
static void add_kinds(struct wht_text *text, const struct wht_form *form)
{
    struct wht_form bare = *form;
    char buf[WHT_FORM_TEXT];
    for (size_t i = 0; i < WHVEMU_OPERANDS && form->operand[i].kind; i++) {
        bare.operand[i].size = 0;
        wht_text_addf(text, "%s%s", i > 0 ? "," : "", wht_operand_text(&bare, i, buf));
    }
    wht_text_add(text, " ");
}

static bool is_same_kinds(const struct wht_form *a, const struct wht_form *b)
{
    for (size_t i = 0; i < WHVEMU_OPERANDS; i++)
        if (a->operand[i].kind != b->operand[i].kind)
            return false;
    return true;
}

static void add_forms(struct wht_text *text, const struct wht_instruction *item)
{
    for (size_t i = 0; i < item->form_count; i++) {
        size_t j = 0;
        while (!is_same_kinds(&item->forms[j], &item->forms[i]))
            j++;
        if (j == i && item->forms[i].operand[0].kind)
            add_kinds(text, &item->forms[i]);
    }
}

typedef void add_fn(struct wht_text *text, const struct wht_instruction *item);

static void print_cell(add_fn *add, const struct wht_instruction *item, int width)
{
    struct wht_text text = {.text = NULL};
    add(&text, item);
    while (text.size > 0 && text.text[text.size - 1] == ' ')
        text.text[--text.size] = 0;
    printf("  %-*s", width, text.size > 0 ? text.text : "-");
    wht_text_free(&text);
}

static void add_modes(struct wht_text *text, const struct wht_instruction *item)
{
    add_codes(text, item->codes);
}

static void print_table(const struct wht_instructions *list, const struct totals *totals)
{
    size_t untested = 0;
    printf("%-14s %5s  %-8s  %-11s  %-15s  %s\n", "instruction", "cases", "code", "sizes", "traits",
           "operands");
    for (size_t i = 0; i < list->count; i++) {
        const struct wht_instruction *item = &list->items[i];
        untested += item->cases == 0;
        printf("%-14s %5zu", item->name, item->cases);
        print_cell(add_modes, item, 8);
        print_cell(add_sizes, item, 11);
        print_cell(add_traits, item, 15);
        print_cell(add_forms, item, 0);
        printf("\n");
    }
    printf("%zu instructions, %zu without a case; %zu of %zu cases are of none of them\n",
           list->count, untested, totals->unknown, totals->cases);
}

static struct wht_node *modes_node(struct wht_arena *arena, unsigned codes)
{
    struct wht_build build = wht_build_new(arena, WHT_NODE_LIST);
    for (size_t code = 0; code < WHVEMU_CODES; code++)
        for (size_t i = 0; i < 2 && modes[code][i]; i++)
            if (codes >> code & 1)
                wht_build_add(&build, NULL, wht_build_string(arena, modes[code][i]));
    return build.node;
}

static struct wht_node *form_node(struct wht_arena *arena, const struct wht_form *form)
{
    struct wht_build build = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build operands = wht_build_new(arena, WHT_NODE_LIST);
    char buf[WHT_FORM_TEXT];
    for (size_t i = 0; i < WHVEMU_OPERANDS && form->operand[i].kind; i++)
        wht_build_add(&operands, NULL, wht_build_string(arena, wht_operand_text(form, i, buf)));
    wht_build_add(&build, "operands", operands.node);
    wht_build_add(&build, "modes", modes_node(arena, form->codes));
    wht_build_add(&build, "lock", wht_build_bool(arena, form->is_lockable));
    return build.node;
}

static struct wht_node *instruction_node(struct wht_arena *arena,
                                         const struct wht_instruction *item)
{
    struct wht_build build = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build traits = wht_build_new(arena, WHT_NODE_LIST);
    struct wht_build forms = wht_build_new(arena, WHT_NODE_LIST);
    for (unsigned bit = 0; bit < TRAIT_BITS; bit++) {
        const char *word = item->traits >> bit & 1 ? whvemu_trait_name(1u << bit) : NULL;
        if (word)
            wht_build_add(&traits, NULL, wht_build_string(arena, word));
    }
    for (size_t i = 0; i < item->form_count; i++)
        wht_build_add(&forms, NULL, form_node(arena, &item->forms[i]));
    wht_build_add(&build, "instruction", wht_build_string(arena, item->name));
    wht_build_add(&build, "cases", wht_build_count(arena, (int64_t)item->cases));
    wht_build_add(&build, "modes", modes_node(arena, item->codes));
    wht_build_add(&build, "lock", wht_build_bool(arena, item->is_lockable));
    wht_build_add(&build, "rep", wht_build_bool(arena, item->repeats));
    wht_build_add(&build, "element_bits", wht_build_count(arena, 8 * item->element_size));
    wht_build_add(&build, "traits", traits.node);
    wht_build_add(&build, "forms", forms.node);
    return build.node;
}

static void print_part(void *user, const char *bytes, size_t size)
{
    fwrite(bytes, 1, size, user);
}

static void print_json(const struct wht_instructions *list, const struct totals *totals)
{
    const struct wht_writer writer = {.write = print_part, .user = stdout};
    struct wht_arena *arena = wht_arena_new();
    struct wht_build build = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build items = wht_build_new(arena, WHT_NODE_LIST);
    for (size_t i = 0; i < list->count; i++)
        wht_build_add(&items, NULL, instruction_node(arena, &list->items[i]));
    wht_build_add(&build, "instructions", items.node);
    wht_build_add(&build, "cases", wht_build_count(arena, (int64_t)totals->cases));
    wht_build_add(&build, "cases_of_no_instruction",
                  wht_build_count(arena, (int64_t)totals->unknown));
    wht_write_document(&writer, build.node);
    wht_arena_free(arena);
}

int wht_list_instructions(const struct wht_words *paths, struct wht_selection *selection,
                          bool as_json)
{
    struct wht_instructions list = {.items = NULL};
    struct wht_file_list files = {.count = 0};
    struct totals totals = {0};
    char *root = wht_default_root();
    bool has_cases = paths->count > 0 || root; /* the table is there without any */
    free(root);
    root = NULL;
    int code = has_cases ? wht_select_files("list", paths, selection, &files, &root) : WHT_EXIT_OK;
    if (code == WHT_EXIT_OK) {
        wht_instructions_find(&list);
        count_cases(&list, &files, selection, &totals);
        if (as_json)
            print_json(&list, &totals);
        else
            print_table(&list, &totals);
        wht_instructions_free(&list);
        code = totals.errors > 0 ? WHT_EXIT_INVALID : WHT_EXIT_OK;
    }
    wht_file_list_free(&files);
    free(root);
    return code;
}
