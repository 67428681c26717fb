/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_write.h"
#include "cli/show_case.h"
#include "cli/verb.h"
#include "format/load.h"
#include "format/print.h"
#include "run/exit_facts.h"
#include "run/select.h"

static bool is_exact(const struct wht_words *patterns, const struct wht_case *c)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (strcmp(patterns->items[i], c->id) == 0 || strcmp(patterns->items[i], c->name) == 0)
            return true;
    return false;
}

/* Shows those that are named exactly if there are any, otherwise all that match. */
struct show {
    const struct wht_selection *selection;
    bool only_exact;
    bool is_expanded;
    size_t found;
    size_t exact;
    size_t errors;
};

static void print_part(void *user, const char *bytes, size_t size)
{
    fwrite(bytes, 1, size, user);
}

static void print_expanded(const struct wht_case *c)
{
    const struct wht_writer writer = {.write = print_part, .user = stdout};
    struct wht_arena *arena = wht_arena_new();
    wht_write_document(&writer, wht_print_case(arena, c, WHT_PRINT_ALL));
    wht_arena_free(arena);
}

static void print_case(const struct show *s, const struct wht_case *c)
{
    struct wht_text text = {.text = NULL};
    if (s->found > 0)
        printf("\n");
    if (s->is_expanded) {
        print_expanded(c);
        return;
    }
    wht_show_case(&text, c);
    fputs(wht_text_get(&text), stdout);
    wht_text_free(&text);
}

static void visit(struct show *s, const struct wht_case *c, bool print)
{
    if (!wht_selects(s->selection, c))
        return;
    s->exact += is_exact(&s->selection->patterns, c);
    if (s->only_exact && !is_exact(&s->selection->patterns, c))
        return;
    if (print)
        print_case(s, c);
    s->found++;
}

static void read_all(struct show *s, const struct wht_file_list *files, bool print)
{
    struct wht_load_options load = {.on_error = print ? wht_error_print : NULL, .user = stderr};
    for (size_t i = 0; i < files->count; i++) {
        struct wht_reader *reader = wht_reader_open(files->paths[i], &load);
        s->errors += !reader;
        for (struct wht_case *c; reader && (c = wht_reader_next(reader)); wht_case_free(c))
            visit(s, c, print);
        s->errors += reader ? wht_reader_error_count(reader) : 0;
        wht_reader_close(reader);
    }
}

static int show(const struct wht_words *paths, struct wht_selection *selection, bool is_expanded)
{
    struct wht_file_list files = {.count = 0};
    char *root;
    int code = wht_select_files("show", paths, selection, &files, &root);
    struct show probe = {.selection = selection};
    if (code == WHT_EXIT_OK)
        read_all(&probe, &files, false);
    struct show s = {
        .selection = selection, .only_exact = probe.exact > 0, .is_expanded = is_expanded};
    if (code == WHT_EXIT_OK)
        read_all(&s, &files, true);
    wht_file_list_free(&files);
    free(root);
    if (code != WHT_EXIT_OK)
        return code;
    code = wht_exit_code(&(struct wht_exit_facts){.invalid = s.errors, .done = s.found});
    if (code == WHT_EXIT_NOTHING)
        fprintf(stderr, "whvtrace show: no case was selected\n");
    return code;
}

struct choice {
    struct wht_selection selection;
    bool is_expanded;
};

static const struct wht_option options[] = {
    WHT_SELECTION(struct choice, selection),
    {"expanded", 'x', NULL, "as JSON, with every default filled in",
     WHT_FLAG(struct choice, is_expanded)},
    {.name = NULL},
};

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_words paths = {.count = 0};
    struct choice choice = {.is_expanded = false};
    int code = wht_verb_take(verb, args, &paths, &choice);
    if (code < 0 && paths.count == 0 && !wht_has_selection(&choice.selection))
        code = wht_usage_error(verb->name, "name a file, or a case with -k");
    if (code < 0)
        code = show(&paths, &choice.selection, choice.is_expanded);
    wht_words_free(&paths);
    wht_selection_free(&choice.selection);
    return code;
}

const struct wht_verb wht_verb_show = {
    .name = "show",
    .operands = "[PATH...]",
    .summary = "print cases so that a person can read them",
    .details =
        "Where -k is the whole id of a case, only cases of that id are shown. The digest tells "
        "the\n"
        "meaning of a case: it is equal for cases that differ in names, words and spelling "
        "alone.\n\n"
        "With --expanded each case is printed as a trace of its own that loads as the same case;\n"
        "only '$comment' and 'x-*' of the objects within are left out.\n",
    .options = options,
    .run = run,
};
