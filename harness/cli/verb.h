/* SPDX-License-Identifier: MIT */
/**
 * @file verb.h
 * The verbs of the command line: one file and one entry in verbs.c each.
 */
#ifndef WHVTRACE_CLI_VERB_H
#define WHVTRACE_CLI_VERB_H

#include "base/args.h"
#include "base/exit_code.h"

struct wht_verb {
    const char *name;
    /** For the usage line, e.g. "[PATH...]". */
    const char *operands;
    /** One line. */
    const char *summary;
    /** Paragraphs for its own help and for the manual page: lines that begin with two blanks stay
     * as they are, others are filled there; NULL: none. */
    const char *details;
    const struct wht_option *options;
    /** @return an exit code. */
    int (*run)(const struct wht_verb *verb, struct wht_args *args);
    bool is_hidden;
    /** Adds what its help has behind the details, in the same form; NULL: nothing. */
    void (*add_more)(struct wht_text *text);
};

extern const struct wht_verb wht_verb_bless;
extern const struct wht_verb wht_verb_check;
extern const struct wht_verb wht_verb_compare;
extern const struct wht_verb wht_verb_completion;
extern const struct wht_verb wht_verb_coverage;
extern const struct wht_verb wht_verb_debug;
extern const struct wht_verb wht_verb_dedupe;
extern const struct wht_verb wht_verb_diff;
extern const struct wht_verb wht_verb_explain;
extern const struct wht_verb wht_verb_fmt;
extern const struct wht_verb wht_verb_help;
extern const struct wht_verb wht_verb_import;
extern const struct wht_verb wht_verb_list;
extern const struct wht_verb wht_verb_minimize;
extern const struct wht_verb wht_verb_merge;
extern const struct wht_verb wht_verb_new;
extern const struct wht_verb wht_verb_record;
extern const struct wht_verb wht_verb_redact;
extern const struct wht_verb wht_verb_review;
extern const struct wht_verb wht_verb_run;
extern const struct wht_verb wht_verb_show;
extern const struct wht_verb wht_verb_version;
extern const struct wht_verb wht_verb_worker;

/** All verbs, in the order of the help; ends with NULL. */
extern const struct wht_verb *const wht_verbs[];

/** @return the verb of that name, or NULL. */
const struct wht_verb *wht_verb_find(const char *name);

struct wht_words;

/**
 * Takes the whole command line of a verb: help, options, operands in order.
 * @param operands receives them; NULL: there may be none.
 * @param state    that the options are bound to.
 * @return -1 to go on, otherwise an exit code: the help was printed, or what is wrong was said.
 */
int wht_verb_take(const struct wht_verb *verb, struct wht_args *args, struct wht_words *operands,
                  void *state);

/** Prints a verb's help to stdout. @return WHT_EXIT_OK. */
int wht_verb_help_print(const struct wht_verb *verb);

/** Says that there is no such verb, and which is nearest. @return WHT_EXIT_USAGE. */
int wht_verb_unknown(const char *name);

#endif
