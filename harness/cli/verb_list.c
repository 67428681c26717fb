/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "report/describe.h"
#include "select.h"
#include "trace/names.h"
#include "verb.h"

enum { PATTERN = 1, LONG_FORM };

static const struct wht_option options[] = {
    {PATTERN, "select", 'k', "PATTERN", "only tests whose name contains it; * and ? are wild"},
    {LONG_FORM, "long", 'l', NULL, "with mnemonic, mode and match level"},
    {.name = NULL},
};

static void print_case(const struct wht_case *c, bool is_long)
{
    char mnemonic[64];
    if (!is_long) {
        printf("%s\n", c->name);
        return;
    }
    wht_mnemonic(c, mnemonic, sizeof(mnemonic));
    printf("%-10s %-8s %-7s %s\n", mnemonic, wht_mode_name(c->init.mode), wht_match_name(c->match),
           c->name);
}

static int list(const struct wht_words *paths, const struct wht_words *patterns, bool is_long)
{
    struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    struct wht_file_list files = {.count = 0};
    char *root;
    size_t errors = 0;
    size_t count = 0;
    int code = wht_select_files("list", paths, &files, &root);
    for (size_t i = 0; code == WHT_EXIT_OK && i < files.count; i++) {
        struct wht_reader *reader = wht_reader_open(files.paths[i], &load);
        errors += !reader;
        for (struct wht_case *c; reader && (c = wht_reader_next(reader)); wht_case_free(c)) {
            if (!wht_selects(patterns, c->name))
                continue;
            print_case(c, is_long);
            count++;
        }
        errors += reader ? wht_reader_error_count(reader) : 0;
        wht_reader_close(reader);
    }
    wht_file_list_free(&files);
    free(root);
    if (code != WHT_EXIT_OK)
        return code;
    if (errors > 0)
        return WHT_EXIT_INVALID;
    return count > 0 ? WHT_EXIT_OK : WHT_EXIT_NOTHING;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_words paths = {.count = 0};
    struct wht_words patterns = {.count = 0};
    bool is_long = false;
    const char *value = NULL;
    int code = -1;
    for (int id; code < 0 && (id = wht_args_next(args, &value)) != WHT_ARG_END;) {
        if (id == WHT_ARG_HELP)
            code = wht_verb_help_print(verb);
        else if (id == WHT_ARG_ERROR)
            code = WHT_EXIT_USAGE;
        else if (id == LONG_FORM)
            is_long = true;
        else
            wht_words_add(id == PATTERN ? &patterns : &paths, value);
    }
    if (code < 0)
        code = list(&paths, &patterns, is_long);
    wht_words_free(&paths);
    wht_words_free(&patterns);
    return code;
}

const struct wht_verb wht_verb_list = {
    .name = "list",
    .operands = "[PATH...]",
    .summary = "print the names of cases",
    .options = options,
    .run = run,
};
