/* SPDX-License-Identifier: MIT */
/**
 * @file text.h
 * A growing piece of text, and the colours in it.
 */
#ifndef WHVTRACE_BASE_TEXT_H
#define WHVTRACE_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Zero-initialise; text is NUL-terminated once something was added. */
struct wht_text {
    char *text;
    size_t size;
    size_t capacity;
    bool may_run_out; /**< of memory, from when on nothing is added; otherwise that ends the program
                       */
    bool has_run_out; /**< since the last wht_text_clear() */
};

void wht_text_free(struct wht_text *text);
void wht_text_clear(struct wht_text *text);
void wht_text_add(struct wht_text *text, const char *string);
void wht_text_add_bytes(struct wht_text *text, const char *bytes, size_t size);
__attribute__((format(printf, 2, 3))) void wht_text_addf(struct wht_text *text, const char *format,
                                                         ...);
/** Adds bytes as hex pairs joined by blanks, "??" where mask is 0. @param mask NULL: all are told.
 */
void wht_text_add_hex(struct wht_text *text, const uint8_t *bytes, const uint8_t *mask,
                      size_t size);
/**
 * Adds a string that comes from a file or an emulator, fit for a terminal: control characters and
 * bytes that are not UTF-8 become "\x1b".
 */
void wht_text_add_clean(struct wht_text *text, const char *string);

/** Adds a string without the escape sequences that wht_text_colour() adds. */
void wht_text_add_uncoloured(struct wht_text *text, const char *string);

/** @return the text; "" if nothing was added. */
const char *wht_text_get(const struct wht_text *text);

/** As wht_text_add_clean(), word by word, broken at blanks so that no line passes 80 columns. */
void wht_text_wrap(struct wht_text *text, const char *string, unsigned first_column,
                   unsigned indent);

enum wht_colour { WHT_PLAIN, WHT_RED, WHT_GREEN, WHT_YELLOW, WHT_BOLD, WHT_DIM };

/** Adds string in a colour, or as it is if colours are off. */
void wht_text_colour(struct wht_text *text, bool colours, enum wht_colour colour,
                     const char *string);

#endif
