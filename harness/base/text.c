/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "str.h"
#include "utf8.h"

#define COLUMNS 80u

static const char *const escapes[] = {
    [WHT_PLAIN] = "",          [WHT_RED] = "\033[31m", [WHT_GREEN] = "\033[32m",
    [WHT_YELLOW] = "\033[33m", [WHT_BOLD] = "\033[1m", [WHT_DIM] = "\033[2m",
};

/* @return whether there is room for so many bytes and a 0. */
static bool reserve(struct wht_text *text, size_t more)
{
    size_t capacity = text->capacity ? text->capacity : 256;
    if (text->has_run_out)
        return false;
    if (text->size + more + 1 <= text->capacity)
        return true;
    while (capacity < text->size + more + 1)
        capacity *= 2;
    char *grown =
        text->may_run_out ? realloc(text->text, capacity) : wht_reallocate(text->text, capacity);
    text->has_run_out = !grown;
    if (!grown)
        return false;
    text->text = grown;
    text->capacity = capacity;
    return true;
}

void wht_text_free(struct wht_text *text)
{
    free(text->text);
    *text = (struct wht_text){.may_run_out = text->may_run_out};
}

void wht_text_clear(struct wht_text *text)
{
    text->size = 0;
    text->has_run_out = false;
    if (text->text)
        text->text[0] = 0;
}

void wht_text_add_bytes(struct wht_text *text, const char *bytes, size_t size)
{
    if (!reserve(text, size))
        return;
    memcpy(text->text + text->size, bytes, size);
    text->size += size;
    text->text[text->size] = 0;
}

void wht_text_add_hex(struct wht_text *text, const uint8_t *bytes, const uint8_t *mask, size_t size)
{
    if (!reserve(text, 3 * size))
        return;
    char *end = wht_hex_write(text->text + text->size, bytes, mask, size, true);
    *end = 0;
    text->size = (size_t)(end - text->text);
}

void wht_text_add(struct wht_text *text, const char *string)
{
    wht_text_add_bytes(text, string, strlen(string));
}

void wht_text_addf(struct wht_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0 || !reserve(text, (size_t)size))
        return;
    va_start(args, format);
    vsnprintf(text->text + text->size, (size_t)size + 1, format, args);
    va_end(args);
    text->size += (size_t)size;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static void add_clean(struct wht_text *text, const char *string, size_t size)
{
    const char *end = string + size;
    while (string < end) {
        uint32_t code;
        size_t length = wht_utf8_next(string, &code);
        if (length > 0 && !is_control(code)) {
            wht_text_add_bytes(text, string, length);
            string += length;
            continue;
        }
        wht_text_addf(text, "\\x%02x", (unsigned char)*string);
        string++;
    }
}

void wht_text_add_clean(struct wht_text *text, const char *string)
{
    add_clean(text, string, strlen(string));
}

void wht_text_add_uncoloured(struct wht_text *text, const char *string)
{
    while (*string) {
        size_t plain = strcspn(string, "\033");
        wht_text_add_bytes(text, string, plain);
        string += plain;
        if (*string)
            string += strcspn(string, "m");
        if (*string)
            string++;
    }
}

const char *wht_text_get(const struct wht_text *text)
{
    return text->text ? text->text : "";
}

void wht_text_wrap(struct wht_text *text, const char *string, unsigned first_column,
                   unsigned indent)
{
    size_t column = first_column;
    bool at_start = true;
    while (*string) {
        size_t blanks = strspn(string, " \t\r\n");
        string += blanks;
        size_t word = strcspn(string, " \t\r\n");
        if (word == 0)
            break;
        if (!at_start && column + 1 + word > COLUMNS) {
            wht_text_addf(text, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!at_start) {
            wht_text_add(text, " ");
            column++;
        }
        /* At the start of a line GitHub would take it for a command. */
        bool is_command = strncmp(string, "::", 2) == 0 && (at_start || column == indent);
        wht_text_add(text, is_command ? "\\x3a" : "");
        add_clean(text, string + is_command, word - is_command);
        column += word;
        string += word;
        at_start = false;
    }
}

void wht_text_colour(struct wht_text *text, bool colours, enum wht_colour colour,
                     const char *string)
{
    bool wrapped = colours && colour != WHT_PLAIN;
    if (wrapped)
        wht_text_add(text, escapes[colour]);
    wht_text_add(text, string);
    if (wrapped)
        wht_text_add(text, "\033[0m");
}
