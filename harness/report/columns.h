/* SPDX-License-Identifier: MIT */
/**
 * @file columns.h
 * Rows of a failure block: label, expected, actual, with a mark where they differ.
 */
#ifndef WHVTRACE_REPORT_COLUMNS_H
#define WHVTRACE_REPORT_COLUMNS_H

#include "text.h"

/** Adds the heading of a table. */
void wht_columns_heading(struct wht_text *text, const char *title);

/** Adds a row; values that do not fit side by side stand below each other. */
void wht_columns_row(struct wht_text *text, bool colours, bool differs, const char *label,
                     const char *expected, const char *actual);

/** Adds a line "  label   words...", wrapped. */
void wht_columns_words(struct wht_text *text, const char *label, const char *words);

#endif
