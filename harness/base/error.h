/* SPDX-License-Identifier: MIT */
/**
 * @file error.h
 * What is wrong with a file, and where.
 */
#ifndef WHVTRACE_BASE_ERROR_H
#define WHVTRACE_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "pos.h"

/** How many errors of one file are told one by one; a last one says how many more there are. */
#define WHT_ERRORS_MAX 100u

/** One error in a file. Strings live only during the report. */
struct wht_error {
    const char *file;
    struct wht_pos pos;  /**< line 0: the file as a whole (cannot be opened) */
    const char *pointer; /**< RFC 6901; the root is "" */
    const char *text;    /**< what was found, what was expected */
    uint64_t more;       /**< not 0: it is the last one and stands for so many that were not told */
    bool is_warning;     /**< the case is valid all the same */
};

typedef void wht_error_fn(void *user, const struct wht_error *error);

/** Where errors go. */
struct wht_error_sink {
    wht_error_fn *report; /**< NULL: nowhere */
    void *user;
};

/**
 * Prints an error as `file:line:column: /pointer: text` and a newline (a warning has `warning: `
 * before its text; the root has no pointer: `file:line:column: text`), or what concerns the file as
 * a whole (it cannot be opened) as `file: text`.
 * @param user a FILE pointer.
 */
void wht_error_print(void *user, const struct wht_error *error);

#endif
