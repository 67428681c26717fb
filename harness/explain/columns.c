/* SPDX-License-Identifier: MIT */
#include "columns.h"

#include <string.h>

/* mark 2, label 10, two values of 33 and a blank between them: 79 columns. */
#define LABEL  10
#define VALUE  33
#define INDENT (2 + 2 + LABEL)
#define BELOW  9 /* "expected " where values stand below each other */

#define WORDS_MAX 2000u

void wht_columns_heading(struct wht_text *text, const char *title)
{
    wht_text_addf(text, "  %-*s%-*sactual\n", LABEL + 2, title, VALUE, "expected");
}

static void add_mark(struct wht_text *text, bool colours, bool differs)
{
    wht_text_add(text, "  ");
    wht_text_colour(text, colours, WHT_RED, differs ? "*" : " ");
}

void wht_columns_row(struct wht_text *text, bool colours, bool differs, const char *label,
                     const char *expected, const char *actual)
{
    /* A long label may take what a short value leaves. */
    size_t label_size = strlen(label) > LABEL ? strlen(label) + 1 : LABEL;
    add_mark(text, colours, differs);
    wht_text_addf(text, " %-*s", (int)label_size, label);
    if (label_size + strlen(expected) < LABEL + VALUE && strlen(actual) < VALUE) {
        wht_text_addf(text, "%-*s", *actual ? (int)(LABEL + VALUE - label_size) : 0, expected);
        wht_text_colour(text, colours && differs, WHT_RED, actual);
        wht_text_add(text, "\n");
        return;
    }
    if (label_size > LABEL)
        wht_text_addf(text, "\n%*s", INDENT, "");
    wht_text_add(text, "expected ");
    wht_text_wrap(text, expected, INDENT + BELOW, INDENT + BELOW);
    wht_text_add(text, "\n");
    wht_columns_below(text, "actual", actual);
}

void wht_columns_below(struct wht_text *text, const char *label, const char *words)
{
    wht_text_addf(text, "%*s%-*s", INDENT, "", BELOW, label);
    wht_text_wrap(text, words, INDENT + BELOW, INDENT + BELOW);
    wht_text_add(text, "\n");
}

void wht_columns_cells(struct wht_text *text, bool colours, bool differs, const char *label,
                       struct wht_cells *cells)
{
    wht_columns_row(text, colours, differs, label, wht_text_get(&cells->expected),
                    wht_text_get(&cells->actual));
    wht_text_clear(&cells->expected);
    wht_text_clear(&cells->actual);
}

void wht_cells_free(struct wht_cells *cells)
{
    wht_text_free(&cells->expected);
    wht_text_free(&cells->actual);
}

/* Notes may be as long as a trace likes. */
static void add_words(struct wht_text *text, const char *words)
{
    size_t size = strlen(words);
    if (size <= WORDS_MAX) {
        wht_text_wrap(text, words, INDENT, INDENT);
        return;
    }
    struct wht_text start = {.text = NULL};
    for (size = WORDS_MAX; size > 0 && ((unsigned char)words[size] >> 6) == 2;)
        size--; /* not within a character */
    wht_text_add_bytes(&start, words, size);
    wht_text_add(&start, "...");
    wht_text_wrap(text, wht_text_get(&start), INDENT, INDENT);
    wht_text_free(&start);
}

void wht_columns_marked(struct wht_text *text, bool colours, const char *label, const char *words)
{
    add_mark(text, colours, true);
    wht_text_addf(text, " %-*s", LABEL, label);
    add_words(text, words);
    wht_text_add(text, "\n");
}

void wht_columns_words(struct wht_text *text, const char *label, const char *words)
{
    wht_text_addf(text, "  %-*s  ", LABEL, label);
    add_words(text, words);
    wht_text_add(text, "\n");
}
