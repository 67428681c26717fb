/* SPDX-License-Identifier: MIT */
/**
 * @file corpus_out.h
 * Writing a corpus (*.trace.jsonl) case by case, with ids that are unique in it. What was written
 * is loaded once more and put into its canonical form.
 */
#ifndef WHVTRACE_CLI_CORPUS_OUT_H
#define WHVTRACE_CLI_CORPUS_OUT_H

#include <stdio.h>

#include "trace/load.h"
#include "trace/node.h"

#define WHT_ID_MAX 256

struct wht_corpus_out {
    const char *path;
    FILE *file;
    char **ids; /**< a hash table */
    size_t id_capacity;
    uint64_t cases;
    bool is_accepted; /**< all cases came by wht_corpus_out_accepted() */
};

/**
 * Opens the file. Nothing is written yet.
 * @param verb   for messages.
 * @param inputs files that must not be overwritten; NULL: none.
 * @return WHT_EXIT_OK, or another exit code after saying why.
 */
int wht_corpus_out_open(struct wht_corpus_out *out, const char *verb, const char *path,
                        const struct wht_file_list *inputs);

/** Writes a line, which is the header if it is the first. */
void wht_corpus_out_line(struct wht_corpus_out *out, const struct wht_node *object);

/**
 * Writes a case that wht_accept_case() has judged and put into canonical form: nobody does so
 * again. All cases of a file come this way, or none.
 * @param node its object.
 */
void wht_corpus_out_accepted(struct wht_corpus_out *out, const struct wht_node *node);

/** Writes a header that says nothing of the cases. */
void wht_corpus_out_begin(struct wht_corpus_out *out);

/** Writes a case. @param members of the object, ID left out, from behind its '{' to its '}'. */
void wht_corpus_out_case(struct wht_corpus_out *out, const char *id, const char *members);

/** Writes a case. @param node its object; keys of a document and its id are left out. */
void wht_corpus_out_node(struct wht_corpus_out *out, const char *id, const struct wht_node *node);

/**
 * Makes an id of a test's name: its path and id joined by '/', or with a number behind it if that
 * is taken.
 */
void wht_corpus_out_id(struct wht_corpus_out *out, const char *name, char id[WHT_ID_MAX]);

/**
 * Closes the file, loads it and gives it its canonical form, unless it `is_accepted`; without a
 * case it is removed.
 * @return WHT_EXIT_OK, or WHT_EXIT_OUTPUT after saying why.
 */
int wht_corpus_out_close(struct wht_corpus_out *out);

#endif
