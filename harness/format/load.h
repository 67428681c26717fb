/* SPDX-License-Identifier: MIT */
/**
 * @file load.h
 * Reading trace files: cases, suites and corpora, plain or gzipped, one case at a time.
 *
 * Files are hostile: no input crashes the loader or makes it hold more than one document (64 MiB at
 * most). Every error of a file is found, and the first WHT_ERRORS_MAX are reported, each with line,
 * column and JSON pointer; at the end of the file one more tells how many others there are. Valid
 * cases are still handed out. A reader serves one thread at a time.
 */
#ifndef WHVTRACE_FORMAT_LOAD_H
#define WHVTRACE_FORMAT_LOAD_H

#include "base/error.h"
#include "model.h"

/**
 * Finds out which entries of `memory` and `pages` a case makes use of.
 * @param memory receives c->memory_count answers, in the order of c->memory; false beforehand.
 * @param pages  the same for c->pages.
 * @return false if it cannot be told.
 */
typedef bool wht_usage_fn(void *user, const struct wht_case *c, bool *memory, bool *pages);

struct wht_load_options {
    /** NULL: errors are only counted. */
    wht_error_fn *on_error;
    void *user;
    /** Compare `asm` with what Zydis says of `code` (the `check` verb). */
    bool check_asm;
    /** Warn of what is allowed and cannot be meant (warn.h). */
    bool check_sense;
    /** For warnings about entries that nothing uses; NULL: none. */
    wht_usage_fn *find_usage;
    void *usage_user;
};

struct wht_reader;

/**
 * Opens a trace file. The kind is told by the name (.trace.json, .trace.jsonl, .trace.jsonl.gz).
 * @param path    the file.
 * @param options copied; NULL for none.
 * @return a reader, to be closed with wht_reader_close(), or NULL after reporting why not.
 */
struct wht_reader *wht_reader_open(const char *path, const struct wht_load_options *options);

/**
 * Hands out the next valid case; invalid ones are reported and passed over.
 * @return a case that the caller owns, or NULL at the end of the file.
 */
struct wht_case *wht_reader_next(struct wht_reader *reader);

struct wht_node;

/**
 * @return the case that was handed out last as its author wrote it: the file's source and defaults
 * merged in, numbers as they were spelt. Valid until the next case is read.
 */
const struct wht_node *wht_reader_text(struct wht_reader *reader);

/**
 * Judges a corpus that is not a file yet: its header first, then line by line with
 * wht_reader_take(). Nothing is withdrawn (revoked.h).
 * @param path what the file will be called.
 */
struct wht_reader *wht_reader_begin(const char *path, const struct wht_load_options *options,
                                    const char *header, size_t size);

/**
 * Takes the next line, which is NUL-terminated and stays until the next call.
 * @return a case that the caller owns, or NULL after reporting why it is none.
 */
struct wht_case *wht_reader_take(struct wht_reader *reader, const char *line, size_t size);

struct wht_document;

/** @return the line that was taken last, as JSON without `defaults`; valid until the next one. */
const struct wht_document *wht_reader_document(const struct wht_reader *reader);

/** How many errors were found so far, those that were not reported one by one included. */
size_t wht_reader_error_count(const struct wht_reader *reader);

/** Closes a reader; NULL is allowed. Cases that it handed out stay valid. */
void wht_reader_close(struct wht_reader *reader);

#endif
