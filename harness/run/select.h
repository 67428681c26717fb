/* SPDX-License-Identifier: MIT */
/**
 * @file select.h
 * Which files and which cases a command line means.
 */
#ifndef WHVTRACE_RUN_SELECT_H
#define WHVTRACE_RUN_SELECT_H

#include "base/args.h"
#include "filter.h"
#include "format/find.h"

/** Strings that belong to the command line. Zero-initialise; release with wht_words_free(). */
struct wht_words {
    const char **items;
    size_t count;
    size_t capacity;
};

void wht_words_add(struct wht_words *words, const char *word);
void wht_words_free(struct wht_words *words);

/** An option that adds a word to `struct wht_words member`. */
#define WHT_WORDS(state, member) WHT_TAKE(wht_take_word, state, member)
wht_take_fn wht_take_word;

/** How many of a kind an option may give. */
#define WHT_SELECTED_MAX 128u

/** Which cases a command line means, of files that are found by wht_select_files().
 * Zero-initialise; release with wht_selection_free(). */
struct wht_selection {
    /** A case's name contains one of these; none: whatever it is. */
    struct wht_words patterns;
    /** And it fulfils one of these expressions (filter.h); none: whatever it is. */
    struct wht_words expressions;
    /** By their side. */
    struct wht_filter **filters;
    size_t filter_room;
    /** And where its file is part of one of these, `FILE#ID` with the file as it is opened, it is
     * named so. */
    struct wht_words tests;
    /** Which were made here. */
    char **made;
    size_t made_count;
    size_t made_room;
};

/** Options that add to a `struct wht_selection member`; two rows. */
#define WHT_SELECTION(state, member)                                                               \
    {"select", 'k', "PATTERN", "only tests whose name contains it; * and ? are wild",              \
     WHT_TAKE(wht_take_pattern, state, member)},                                                   \
    {                                                                                              \
        "filter", 'E', "EXPRESSION", "only tests that fulfil it; see 'whvtrace help filters'",     \
            WHT_TAKE(wht_take_filter, state, member)                                               \
    }
/** Those, and one for a single test, FILE#ID. */
wht_take_fn wht_take_pattern, wht_take_filter, wht_take_test;

/** @return whether something is selected at all. */
bool wht_has_selection(const struct wht_selection *selection);

bool wht_selects(const struct wht_selection *selection, const struct wht_case *c);

void wht_selection_free(struct wht_selection *selection);

/** @return the folder that WHVTRACE_TRACES names, or the folder `traces` of the working directory,
 * of a folder above it, or of the source tree that the program was built in; NULL if there is none.
 * Release with free(). */
char *wht_default_root(void);

/**
 * Reads "K/N".
 * @return false if it is none: K and N are decimal numbers, 1 <= K <= N <= 1000000.
 */
bool wht_take_shard(const char *text, uint64_t *number, uint64_t *count);

/** @return whether a test belongs to a shard; that depends on nothing but its name. */
bool wht_is_in_shard(const char *name, uint64_t number, uint64_t count);

/**
 * Finds the trace files of the paths; without paths those below wht_default_root(). No output of
 * this process can be one of them from here on (base/outfile.h).
 * @param selection receives the tests that are named as paths are: `FILE#ID`, where FILE is a path,
 * or the one that a report gives, in the traces folder. NULL: there cannot be any.
 * @param root receives the traces root that the files belong to, or NULL; release with free().
 * @return WHT_EXIT_OK, or another exit code after printing why.
 */
int wht_select_files(const char *verb, const struct wht_words *paths,
                     struct wht_selection *selection, struct wht_file_list *files, char **root);

#endif
