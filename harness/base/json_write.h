/* SPDX-License-Identifier: MIT */
/**
 * @file json_write.h
 * JSON from nodes, in the two layouts that trace files have.
 *
 * Nothing is decided here but white space: members come in the order in which they stand, strings
 * are written with no more escapes than JSON demands, and a number is written as its node's
 * `string`.
 */
#ifndef WHVTRACE_BASE_JSON_WRITE_H
#define WHVTRACE_BASE_JSON_WRITE_H

#include "json_node.h"

/** An object or list longer than this is spread over lines; a comma behind it does not count. */
#define WHT_WRITE_COLUMNS 100u

/** Takes the next part of the text. */
typedef void wht_write_fn(void *user, const char *bytes, size_t size);

struct wht_writer {
    wht_write_fn *write;
    void *user;
};

/**
 * Writes a document: two spaces a level, what fits into a line stands on one. The document itself,
 * its `cases` and each of these are always spread. Ends with LF.
 */
void wht_write_document(const struct wht_writer *writer, const struct wht_node *root);

/** Writes a line of a corpus, as `{"id": "x", "list": [1, 2]}`. Ends with LF. */
void wht_write_line(const struct wht_writer *writer, const struct wht_node *root);

/**
 * Writes a value as it stands in a document at a level, without its key and without an end of line.
 * @param level of the object or list that it stands in, which the document's own is 0 of; negative:
 * as in a line of a corpus.
 */
void wht_write_value(const struct wht_writer *writer, const struct wht_node *value, int level);

/** Writes a member's key with the colon behind it. */
void wht_write_key(const struct wht_writer *writer, const char *key);

#endif
