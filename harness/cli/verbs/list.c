/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/list_instructions.h"
#include "cli/verb.h"
#include "explain/describe.h"
#include "format/load.h"
#include "run/exit_facts.h"
#include "run/select.h"
#include "words/names.h"

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

static int list(const struct wht_words *paths, struct wht_selection *selection, bool is_long)
{
    struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    struct wht_file_list files = {.count = 0};
    char *root;
    size_t errors = 0;
    size_t count = 0;
    int code = wht_select_files("list", paths, selection, &files, &root);
    for (size_t i = 0; code == WHT_EXIT_OK && i < files.count; i++) {
        struct wht_reader *reader = wht_reader_open(files.paths[i], &load);
        errors += !reader;
        for (struct wht_case *c; reader && (c = wht_reader_next(reader)); wht_case_free(c)) {
            if (!wht_selects(selection, c))
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
    return wht_exit_code(&(struct wht_exit_facts){.invalid = errors, .done = count});
}

struct choice {
    struct wht_selection selection;
    bool is_long;
    bool instructions;
    const char *format; /* NULL: not given */
};

static const struct wht_option options[] = {
    WHT_SELECTION(struct choice, selection),
    {"long", 'l', NULL, "with mnemonic, mode and match level", WHT_FLAG(struct choice, is_long)},
    {"instructions", 'i', NULL, "the instructions of the built-in emulator instead",
     WHT_FLAG(struct choice, instructions)},
    {"format", 0, "text|json", "how to print instructions", WHT_CHOICE(struct choice, format)},
    {.name = NULL},
};

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_words paths = {.count = 0};
    struct choice choice = {.format = NULL};
    int code = wht_verb_take(verb, args, &paths, &choice);
    if (code < 0 && !choice.instructions && choice.format)
        code = wht_usage_error(verb->name, "option '--format' goes with '--instructions'");
    else if (code < 0 && choice.instructions && choice.is_long)
        code = wht_usage_error(verb->name, "'--long' does not go with '--instructions'");
    else if (code < 0 && choice.instructions)
        code = wht_list_instructions(&paths, &choice.selection,
                                     choice.format && strcmp(choice.format, "json") == 0);
    else if (code < 0)
        code = list(&paths, &choice.selection, choice.is_long);
    wht_words_free(&paths);
    wht_selection_free(&choice.selection);
    return code;
}

const struct wht_verb wht_verb_list = {
    .name = "list",
    .operands = "[PATH...]",
    .summary = "print the names of cases, or the emulator's instructions",
    .details =
        "With --instructions: the rows of the built-in emulator's table, how many of the selected\n"
        "cases exercise each, in which code (16, 32 or 64 bits) and with which sizes of memory "
        "and\n"
        "kinds of operands it is decoded, and what it can do: 'lock' takes a LOCK prefix, 'rep'\n"
        "repeats, 'aligned' faults where it is not aligned to 16 bytes. All of that is found by\n"
        "asking the decoder about every opcode. --format json tells operands and modes of each\n"
        "form.\n",
    .options = options,
    .run = run,
};
