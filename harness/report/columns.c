/* SPDX-License-Identifier: MIT */
#include "columns.h"

#include <string.h>

/* mark 2, label 10, two values of 33 and a blank between them: 79 columns. */
#define LABEL  10
#define VALUE  33
#define INDENT (2 + 2 + LABEL)

void wht_columns_heading(struct wht_text *text, const char *title)
{
    wht_text_addf(text, "\n  %-*s%-*sactual\n", LABEL + 2, title, VALUE, "expected");
}

void wht_columns_row(struct wht_text *text, bool colours, bool differs, const char *label,
                     const char *expected, const char *actual)
{
    wht_text_add(text, "  ");
    wht_text_colour(text, colours, WHT_RED, differs ? "*" : " ");
    wht_text_addf(text, " %-*s", LABEL, label);
    bool overflows = strlen(label) > LABEL;
    if (!overflows && strlen(expected) < VALUE && strlen(actual) <= VALUE - 1) {
        wht_text_addf(text, "%-*s", *actual ? VALUE : 0, expected);
        wht_text_colour(text, colours && differs, WHT_RED, actual);
        wht_text_add(text, "\n");
        return;
    }
    if (overflows)
        wht_text_addf(text, "\n%*s", INDENT, "");
    wht_text_add(text, "expected ");
    wht_text_wrap(text, expected, INDENT + 9, INDENT + 9);
    wht_text_addf(text, "\n%*sactual   ", INDENT, "");
    wht_text_wrap(text, actual, INDENT + 9, INDENT + 9);
    wht_text_add(text, "\n");
}

void wht_columns_words(struct wht_text *text, const char *label, const char *words)
{
    wht_text_addf(text, "  %-*s  ", LABEL, label);
    wht_text_wrap(text, words, INDENT, INDENT);
    wht_text_add(text, "\n");
}
