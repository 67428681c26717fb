/* SPDX-License-Identifier: MIT */
/**
 * @file columns.h
 * Rows of a failure block: label, expected, actual, with a mark where they differ. No line passes
 * 80 columns unless a single word does.
 */
#ifndef WHVTRACE_EXPLAIN_COLUMNS_H
#define WHVTRACE_EXPLAIN_COLUMNS_H

#include "base/text.h"

/** The two values of a row that is being put together; release with wht_cells_free(). */
struct wht_cells {
    struct wht_text expected;
    struct wht_text actual;
};
void wht_cells_free(struct wht_cells *cells);

/** Adds the heading of a table. */
void wht_columns_heading(struct wht_text *text, const char *title);

/** Adds a row; values that do not fit side by side stand below each other. */
void wht_columns_row(struct wht_text *text, bool colours, bool differs, const char *label,
                     const char *expected, const char *actual);

/** As wht_columns_row(), and empties the cells. */
void wht_columns_cells(struct wht_text *text, bool colours, bool differs, const char *label,
                       struct wht_cells *cells);

/** Adds a line below a row: "before   words..." under its values, wrapped. */
void wht_columns_below(struct wht_text *text, const char *label, const char *words);

/** Adds a marked line "  * label  words...", wrapped. */
void wht_columns_marked(struct wht_text *text, bool colours, const char *label, const char *words);

/** Adds a line "  label   words...", wrapped; of long texts the start. */
void wht_columns_words(struct wht_text *text, const char *label, const char *words);

#endif
