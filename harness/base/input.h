/* SPDX-License-Identifier: MIT */
/**
 * @file input.h
 * A file as a stream of lines, plain or gzipped, in memory that does not grow with the file.
 */
#ifndef WHVTRACE_BASE_INPUT_H
#define WHVTRACE_BASE_INPUT_H

#include <stdbool.h>
#include <stddef.h>

struct wht_input;

/**
 * Opens a file.
 * @param is_gzip whether it must be gzip (RFC 1952, several members are allowed).
 * @return NULL with a reason in error (128 bytes).
 */
struct wht_input *wht_input_open(const char *path, bool is_gzip, char *error);

/**
 * Hands out the next line without its line end (LF or CRLF). Lines that stand whole before an error
 * are handed out. Of a line that is longer than a document may be (WHT_DOCUMENT_MAX) only a start
 * is handed out, which is too long as well; the rest is passed over.
 * @param line   receives the line, NUL-terminated; valid until the next call.
 * @param length receives its length.
 * @return false at the end of the file, and at an error.
 */
bool wht_input_line(struct wht_input *input, const char **line, size_t *length);

/** Hands out all that is left, as wht_input_line does. @return false after an error. */
bool wht_input_rest(struct wht_input *input, const char **text, size_t *length);

/** @return what went wrong, or NULL. */
const char *wht_input_error(const struct wht_input *input);

void wht_input_close(struct wht_input *input);

#endif
