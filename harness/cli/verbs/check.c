/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "cli/verb.h"
#include "format/revoked.h"
#include "run/exit_facts.h"
#include "run/select.h"
#include "session/usage.h"

struct counts {
    size_t cases;
    size_t errors;
    size_t warnings;
    size_t revoked;
};

static void count_error(void *user, const struct wht_error *error)
{
    struct counts *counts = user;
    *(error->is_warning ? &counts->warnings : &counts->errors) += error->more > 0 ? error->more : 1;
    wht_error_print(stderr, error);
}

static void check_file(const char *path, const struct wht_load_options *load, struct counts *counts)
{
    struct wht_reader *reader = wht_reader_open(path, load);
    for (struct wht_case *c; reader && (c = wht_reader_next(reader)); wht_case_free(c)) {
        counts->cases++;
        if (!c->revoked)
            continue;
        counts->revoked++;
        printf("%s:%u: %s is revoked: %s\n", c->file, (unsigned)c->pos.line, c->id, c->revoked);
    }
    wht_reader_close(reader);
}

static void print_counts(const struct counts *counts, size_t files)
{
    printf("%zu valid case%s in %zu file%s, %zu error%s", counts->cases,
           counts->cases == 1 ? "" : "s", files, files == 1 ? "" : "s", counts->errors,
           counts->errors == 1 ? "" : "s");
    if (counts->warnings > 0)
        printf(", %zu warning%s", counts->warnings, counts->warnings == 1 ? "" : "s");
    if (counts->revoked > 0)
        printf(", %zu revoked", counts->revoked);
    printf("\n");
}

static int exit_code(const struct counts *counts, bool is_strict)
{
    const struct wht_exit_facts facts = {
        .invalid = counts->errors + (is_strict ? counts->warnings : 0), .done = counts->cases};
    return wht_exit_code(&facts);
}

static int check(const struct wht_words *paths, bool is_strict)
{
    struct counts counts = {0};
    struct wht_usage *usage = wht_usage_open();
    struct wht_load_options load = {.on_error = count_error,
                                    .user = &counts,
                                    .check_asm = true,
                                    .check_sense = true,
                                    .find_usage = usage ? wht_usage_find : NULL,
                                    .usage_user = usage};
    struct wht_file_list files = {.count = 0};
    char *root;
    int code = wht_select_files("check", paths, NULL, &files, &root);
    for (size_t i = 0; code == WHT_EXIT_OK && i < files.count; i++)
        check_file(files.paths[i], &load, &counts);
    if (code == WHT_EXIT_OK) {
        if (root)
            wht_revoked_check(root, &load);
        print_counts(&counts, files.count);
        code = exit_code(&counts, is_strict);
    }
    wht_file_list_free(&files);
    wht_usage_close(usage);
    free(root);
    return code;
}

struct choice {
    bool is_strict;
};

static const struct wht_option options[] = {
    {"strict", 0, NULL, "warnings count as errors", WHT_FLAG(struct choice, is_strict)},
    {.name = NULL},
};

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_words paths = {.count = 0};
    struct choice choice = {.is_strict = false};
    int code = wht_verb_take(verb, args, &paths, &choice);
    if (code < 0)
        code = check(&paths, choice.is_strict);
    wht_words_free(&paths);
    return code;
}

const struct wht_verb wht_verb_check = {
    .name = "check",
    .operands = "[PATH...]",
    .summary = "validate trace files, every error with its place",
    .details =
        "Errors go to standard error. 'asm' is compared with what the code bytes mean.\n"
        "Warnings go there too, about what is allowed and can hardly be meant: an exit that the\n"
        "code cannot cause, entries of 'memory' and 'pages' that a replay with the built-in\n"
        "emulator never asks for, a state that no processor has, a status beside an hr that "
        "fails,\n"
        "a case with 'todo'. 'deliberate' in a case silences those about its exit and its "
        "entries.\n"
        "Cases that 'revoked.txt' of the traces folder withdraws are named; they are no error.\n",
    .options = options,
    .run = run,
};
