/* SPDX-License-Identifier: MIT */
/**
 * @file corpus_out.h
 * Writing a corpus (*.trace.jsonl) case by case, in canonical form, with ids that are unique in it.
 * Each case is judged as `whvtrace check` judges it; one that is not valid is named and left out.
 * The file takes its place when it is closed (base/outfile.h) and bears a seal (format/seal.h): a
 * file that was edited since, or that this program did not write, is not overwritten.
 */
#ifndef WHVTRACE_CORPUS_CORPUS_OUT_H
#define WHVTRACE_CORPUS_CORPUS_OUT_H

#include "base/args.h"
#include "base/json_build.h"
#include "base/json_node.h"
#include "base/map.h"
#include "base/outfile.h"
#include "base/text.h"
#include "format/load.h"
#include "format/seal.h"

#define WHT_ID_MAX 256

/** The option that all verbs with a corpus have, bound to `bool member`. */
#define WHT_CORPUS_OUT_FORCE(state, member)                                                        \
    {                                                                                              \
        "force", 'f', NULL, "overwrite a corpus that was edited, or not written by whvtrace",      \
            WHT_FLAG(state, member)                                                                \
    }

/** What the help of these verbs says about it. */
#define WHT_CORPUS_OUT_HELP                                                                        \
    "The corpus appears when it is whole, in one step, also if cases were left out; until then,\n" \
    "and after an interrupt or any failure, what stood there stays. It is never a file that is\n"  \
    "read. 'x-written' in its first line tells whether it was edited since: then, and if "         \
    "whvtrace\n"                                                                                   \
    "did not write it, exit code 2 without --force. A case that 'whvtrace check' would not "       \
    "accept\n"                                                                                     \
    "is named and left out, and makes exit code 3.\n"

struct wht_corpus_out {
    const char *path;
    struct wht_outfile file;
    struct wht_reader *judge; /**< has the header and the cases so far; NULL: no header yet */
    struct wht_text line;
    struct wht_seal seal;
    long seal_at;       /**< where in the file its value stands */
    const char *from;   /**< what messages about the case at hand begin with */
    struct wht_map ids; /**< that are taken */
    uint64_t cases;
    bool is_published; /**< closed, and in its place */
    uint64_t rejected; /**< cases that were left out because they are not valid */
};

/**
 * Begins the file.
 * @param verb  for messages.
 * @param force whether an edited file may be overwritten.
 * @return WHT_EXIT_OK, or another exit code after saying why.
 */
int wht_corpus_out_open(struct wht_corpus_out *out, const char *verb, const char *path, bool force);

/** Writes the header, once, before the first case. @param members `format` and what else it has. */
void wht_corpus_out_header(struct wht_corpus_out *out, struct wht_build *members);

/** Writes a header that says nothing of the cases, unless there is one. */
void wht_corpus_out_begin(struct wht_corpus_out *out);

/**
 * Writes a case that is the object of a line.
 * @param from what a message about it begins with: a test's name, or file and line.
 * @return false after saying why it is not valid.
 */
bool wht_corpus_out_line(struct wht_corpus_out *out, const char *from,
                         const struct wht_node *object);

/**
 * Writes a case that wht_accept_case() has judged and put into canonical form: nobody does so
 * again.
 * @param node its object, with an id that is unique in the file.
 */
void wht_corpus_out_accepted(struct wht_corpus_out *out, const struct wht_node *node);

/** As wht_corpus_out_line(). @param members of the object, see wht_members_write(). */
bool wht_corpus_out_case(struct wht_corpus_out *out, const char *from, const char *id,
                         const char *members);

/** As wht_corpus_out_line(). @param node its object; keys of a document and its id are left out. */
bool wht_corpus_out_node(struct wht_corpus_out *out, const char *from, const char *id,
                         const struct wht_node *node);

/**
 * Makes an id of a test's name: its path and id joined by '/', or with a number behind it if that
 * is taken.
 */
void wht_corpus_out_id(struct wht_corpus_out *out, const char *name, char id[WHT_ID_MAX]);

/**
 * Ends the file and puts it into its place; releases.
 * @param is_wanted false: what stood there stays. So it does if there is no case.
 * @return WHT_EXIT_OK, or WHT_EXIT_OUTPUT after saying why.
 */
int wht_corpus_out_close(struct wht_corpus_out *out, bool is_wanted);

#endif
