/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/str.h"
#include "cli/verb.h"
#include "explain/columns.h"
#include "format/flags.h"
#include "run/select.h"

struct explain {
    struct wht_words names;
    struct wht_words paths;
    char *root; /* NULL: the built-in list, and no cases */
    struct wht_file_list files;
    const struct wht_flag *flags;
    size_t flag_count;
    struct wht_text *cases; /* per name: the names of its cases, one on a line */
    size_t *counts;         /* per name */
    size_t errors;
};

static const struct wht_option options[] = {
    {"traces", 't', "PATH", "where to look for cases (default: the folder traces)",
     WHT_WORDS(struct explain, paths)},
    {.name = NULL},
};

static int find_traces(struct explain *e)
{
    if (e->paths.count > 0)
        return wht_select_files("explain", &e->paths, NULL, &e->files, &e->root);
    e->root = wht_default_root();
    if (!e->root)
        return WHT_EXIT_OK;
    free(e->root);
    return wht_select_files("explain", &e->paths, NULL, &e->files, &e->root);
}

static void find_flags(struct explain *e)
{
    size_t size = (e->root ? strlen(e->root) : 0) + sizeof("/flags.json");
    char *path = wht_reallocate(NULL, size);
    snprintf(path, size, "%s/flags.json", e->root ? e->root : "");
    size_t errors = 0;
    const struct wht_load_options on_errors = {.on_error = wht_error_print, .user = stderr};
    const struct wht_flags *flags = wht_flags_of(path, &on_errors, &errors);
    e->flags = flags->items;
    e->flag_count = flags->count;
    free(path);
}

static const struct wht_flag *find_flag(const struct explain *e, const char *name)
{
    for (size_t i = 0; i < e->flag_count; i++)
        if (strcmp(e->flags[i].name, name) == 0)
            return &e->flags[i];
    return NULL;
}

static int unknown_flag(const struct explain *e, const char *name)
{
    const char **names = wht_allocate(e->flag_count + 1, sizeof(*names));
    for (size_t i = 0; i < e->flag_count; i++)
        names[i] = e->flags[i].name;
    const char *nearest = wht_nearest_word(name, names);
    free(names);
    if (nearest)
        return wht_usage_error("explain", "unknown flag '%s'; did you mean '%s'?", name, nearest);
    return wht_usage_error("explain", "unknown flag '%s'; without a flag all are listed", name);
}

static void list_flags(const struct explain *e)
{
    int width = 0;
    for (size_t i = 0; i < e->flag_count; i++)
        if ((int)strlen(e->flags[i].name) > width)
            width = (int)strlen(e->flags[i].name);
    for (size_t i = 0; i < e->flag_count; i++)
        printf("%-*s  %s\n", width, e->flags[i].name, e->flags[i].bug);
}

static void note_case(struct explain *e, const struct wht_case *c)
{
    for (size_t i = 0; i < e->names.count; i++)
        for (size_t j = 0; j < c->flags.count; j++)
            if (strcmp(c->flags.items[j], e->names.items[i]) == 0) {
                wht_text_addf(&e->cases[i], "    %s\n", c->name);
                e->counts[i]++;
                break;
            }
}

static void read_cases(struct explain *e)
{
    struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    for (size_t i = 0; i < e->files.count; i++) {
        struct wht_reader *reader = wht_reader_open(e->files.paths[i], &load);
        for (struct wht_case *c; reader && (c = wht_reader_next(reader)); wht_case_free(c))
            note_case(e, c);
        e->errors += reader ? wht_reader_error_count(reader) : 1;
        wht_reader_close(reader);
    }
}

static void print_flag(const struct explain *e, size_t index)
{
    const struct wht_flag *flag = find_flag(e, e->names.items[index]);
    struct wht_text text = {.text = NULL};
    wht_text_addf(&text, "%s%s\n", index > 0 ? "\n" : "", flag->name);
    wht_columns_words(&text, "bug", flag->bug);
    wht_columns_words(&text, "about", flag->description);
    wht_columns_words(&text, "effect", flag->effect);
    for (size_t i = 0; i < flag->link_count; i++)
        wht_columns_words(&text, "link", flag->links[i]);
    if (e->root || e->paths.count > 0)
        wht_text_addf(&text, "  cases       %zu\n%s", e->counts[index],
                      wht_text_get(&e->cases[index]));
    else
        wht_text_add(&text, "  cases       no folder 'traces' here\n");
    fputs(wht_text_get(&text), stdout);
    wht_text_free(&text);
}

static int explain(struct explain *e)
{
    int code = find_traces(e);
    if (code != WHT_EXIT_OK)
        return code;
    find_flags(e);
    for (size_t i = 0; i < e->names.count; i++)
        if (!find_flag(e, e->names.items[i]))
            return unknown_flag(e, e->names.items[i]);
    if (e->names.count == 0) {
        list_flags(e);
        return WHT_EXIT_OK;
    }
    e->cases = wht_allocate(e->names.count, sizeof(*e->cases));
    e->counts = wht_allocate(e->names.count, sizeof(*e->counts));
    read_cases(e);
    for (size_t i = 0; i < e->names.count; i++)
        print_flag(e, i);
    return e->errors > 0 ? WHT_EXIT_INVALID : WHT_EXIT_OK;
}

static void release(struct explain *e)
{
    for (size_t i = 0; e->cases && i < e->names.count; i++)
        wht_text_free(&e->cases[i]);
    free(e->cases);
    free(e->counts);
    free(e->root);
    wht_file_list_free(&e->files);
    wht_words_free(&e->names);
    wht_words_free(&e->paths);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct explain e = {.root = NULL};
    int code = wht_verb_take(verb, args, &e.names, &e);
    if (code < 0)
        code = explain(&e);
    release(&e);
    return code;
}

const struct wht_verb wht_verb_explain = {
    .name = "explain",
    .operands = "[FLAG...]",
    .summary = "say what a flag of a case means, and which cases carry it",
    .details =
        "A flag names the bug that a failing case shows. Flags are defined in 'flags.json' of\n"
        "the traces folder; outside of one the project's own list counts. Without a flag all\n"
        "are listed.\n",
    .options = options,
    .run = run,
};
