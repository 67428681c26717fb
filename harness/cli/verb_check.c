/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "select.h"
#include "trace/revoked.h"
#include "verb.h"

static const struct wht_option options[] = {{.name = NULL}};

struct counts {
    size_t cases;
    size_t errors;
    size_t revoked;
};

static void count_error(void *user, const struct wht_error *error)
{
    struct counts *counts = user;
    counts->errors += error->more > 0 ? error->more : 1;
    wht_error_print(stderr, error);
}

static int check(const struct wht_words *paths)
{
    struct counts counts = {0};
    struct wht_load_options load = {.on_error = count_error, .user = &counts, .check_asm = true};
    struct wht_file_list files = {.count = 0};
    char *root;
    int code = wht_select_files("check", paths, &files, &root);
    for (size_t i = 0; code == WHT_EXIT_OK && i < files.count; i++) {
        struct wht_reader *reader = wht_reader_open(files.paths[i], &load);
        for (struct wht_case *c; reader && (c = wht_reader_next(reader)); wht_case_free(c)) {
            counts.cases++;
            if (!c->revoked)
                continue;
            counts.revoked++;
            printf("%s:%u: %s is revoked: %s\n", c->file, (unsigned)c->pos.line, c->id, c->revoked);
        }
        wht_reader_close(reader);
    }
    if (code == WHT_EXIT_OK) {
        if (root)
            wht_revoked_check(root, &load);
        printf("%zu valid case%s in %zu file%s, %zu error%s", counts.cases,
               counts.cases == 1 ? "" : "s", files.count, files.count == 1 ? "" : "s",
               counts.errors, counts.errors == 1 ? "" : "s");
        if (counts.revoked > 0)
            printf(", %zu revoked", counts.revoked);
        printf("\n");
        code = counts.errors > 0   ? WHT_EXIT_INVALID
               : counts.cases == 0 ? WHT_EXIT_NOTHING
                                   : WHT_EXIT_OK;
    }
    wht_file_list_free(&files);
    free(root);
    return code;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_words paths = {.count = 0};
    const char *value = NULL;
    int code = -1;
    for (int id; code < 0 && (id = wht_args_next(args, &value)) != WHT_ARG_END;) {
        if (id == WHT_ARG_HELP)
            code = wht_verb_help_print(verb);
        else if (id == WHT_ARG_ERROR)
            code = WHT_EXIT_USAGE;
        else
            wht_words_add(&paths, value);
    }
    if (code < 0)
        code = check(&paths);
    wht_words_free(&paths);
    return code;
}

const struct wht_verb wht_verb_check = {
    .name = "check",
    .operands = "[PATH...]",
    .summary = "validate trace files, every error with its place",
    .details =
        "Errors go to standard error. 'asm' is compared with what the code bytes mean.\n"
        "Cases that 'revoked.txt' of the traces folder withdraws are named; they are no error.\n",
    .options = options,
    .run = run,
};
