/* SPDX-License-Identifier: MIT */
/**
 * @file capture_line.h
 * What one line of a capture may say. `schemas/capture-1.schema.json` says the same in words.
 */
#ifndef WHVTRACE_IMPORT_CAPTURE_LINE_H
#define WHVTRACE_IMPORT_CAPTURE_LINE_H

#include "format/check.h"

enum wht_capture_kind {
    WHT_CAPTURE_HEADER,
    WHT_CAPTURE_BEGIN,
    /** A line without "cap". */
    WHT_CAPTURE_CALLBACK,
    WHT_CAPTURE_DROPPED,
    WHT_CAPTURE_END,
    /** A "cap" that no recorder writes. */
    WHT_CAPTURE_UNKNOWN
};

/** @return what a line claims to be. @param line an object. */
enum wht_capture_kind wht_capture_kind(const struct wht_node *line);

/**
 * Checks all of a line but its number `n`, which only its reader can judge: kinds and widths of
 * values, names, keys that are missing, unknown or there twice.
 * @param check reports what is wrong; its arena must be set, for what is taken and forgotten.
 * @return whether nothing is.
 */
bool wht_capture_check(struct wht_check *check, const struct wht_node *line,
                       enum wht_capture_kind kind);

#endif
