/* SPDX-License-Identifier: MIT */
/**
 * @file select.h
 * Which files and which cases a command line means.
 */
#ifndef WHVTRACE_RUN_SELECT_H
#define WHVTRACE_RUN_SELECT_H

#include "base/args.h"
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

/** @return whether a test name is selected: no pattern at all, or one that it contains. */
bool wht_selects(const struct wht_words *patterns, const char *name);

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
 * @param root receives the traces root that the files belong to, or NULL; release with free().
 * @return WHT_EXIT_OK, or another exit code after printing why.
 */
int wht_select_files(const char *verb, const struct wht_words *paths, struct wht_file_list *files,
                     char **root);

#endif
