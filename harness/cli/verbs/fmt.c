/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "cli/verb.h"
#include "format/format.h"
#include "run/exit_facts.h"
#include "run/select.h"

struct counts {
    size_t differing;
    size_t invalid;
    size_t failed;
};

static void handle(const char *path, bool only_checks, struct counts *counts)
{
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    uint32_t line = 0;
    switch (only_checks ? wht_format_check(path, &load, &line) : wht_format_rewrite(path, &load)) {
    case WHT_FORMATTED_SAME:
        break;
    case WHT_FORMATTED_DIFFERS:
        counts->differing++;
        printf("%s:%u: differs from what 'whvtrace fmt' writes\n", path, (unsigned)line);
        break;
    case WHT_FORMATTED_REWRITTEN:
        counts->differing++;
        printf("%s: rewritten\n", path);
        break;
    case WHT_FORMATTED_INVALID:
        counts->invalid++;
        break;
    case WHT_FORMATTED_FAILED:
        counts->failed++;
        break;
    }
}

static void print_counts(const struct counts *counts, size_t files, bool only_checks)
{
    printf("%zu of %zu file%s %s", counts->differing, files, files == 1 ? "" : "s",
           only_checks ? "to rewrite" : "rewritten");
    if (counts->invalid > 0)
        printf(", %zu invalid and left alone", counts->invalid);
    if (counts->failed > 0)
        printf(", %zu could not be rewritten", counts->failed);
    printf("\n");
}

static int format(const struct wht_words *paths, bool only_checks)
{
    struct wht_file_list files = {.count = 0};
    struct counts counts = {0};
    char *root;
    int code = wht_select_files("fmt", paths, NULL, &files, &root);
    for (size_t i = 0; code == WHT_EXIT_OK && i < files.count; i++)
        handle(files.paths[i], only_checks, &counts);
    if (code == WHT_EXIT_OK) {
        print_counts(&counts, files.count, only_checks);
        const struct wht_exit_facts facts = {.is_unwritten = counts.failed > 0,
                                             .invalid = counts.invalid,
                                             .failed = only_checks ? counts.differing : 0,
                                             .done = files.count};
        code = wht_exit_code(&facts);
    }
    wht_file_list_free(&files);
    free(root);
    return code;
}

struct choice {
    bool only_checks;
};

static const struct wht_option options[] = {
    {"check", 0, NULL, "change nothing; print which files differ, and exit with 1 if any",
     WHT_FLAG(struct choice, only_checks)},
    {.name = NULL},
};

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_words paths = {.count = 0};
    struct choice choice = {.only_checks = false};
    int code = wht_verb_take(verb, args, &paths, &choice);
    if (code < 0)
        code = format(&paths, choice.only_checks);
    wht_words_free(&paths);
    return code;
}

const struct wht_verb wht_verb_fmt = {
    .name = "fmt",
    .operands = "[PATH...]",
    .summary = "rewrite trace files in their one canonical form",
    .details =
        "Keys get one order, registers that of their numbers; two spaces a level, objects and "
        "lists\n"
        "of up to 100 columns on one line; hexadecimal digits in lower case, bytes with one "
        "blank\n"
        "between them. 'asm' is filled in where it is missing. Everything else stays as it is\n"
        "written: lists keep their order, values their '_' and leading zeros, and no key comes or\n"
        "goes. A corpus has one case on a line; of a gzip file the text counts.\n\n"
        "A file that 'whvtrace check' would not accept is reported and left alone.\n",
    .options = options,
    .run = run,
};
