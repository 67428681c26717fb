/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void whvc_text_free(struct whvc_text *text)
{
    free(text->data);
    *text = (struct whvc_text){0};
}

static bool reserve(struct whvc_text *text, size_t more)
{
    if (text->failed)
        return false;
    if (text->capacity - text->used > more)
        return true;
    size_t capacity = 2 * (text->used + more) + 256;
    char *data = realloc(text->data, capacity);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void whvc_text_add(struct whvc_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !reserve(text, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(text->data + text->used, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->used += (size_t)length;
}

void whvc_text_add_bytes(struct whvc_text *text, const uint8_t *bytes, size_t count, bool hidden)
{
    static const char digits[] = "0123456789abcdef";
    if (!reserve(text, 3 * count + 2))
        return;
    char *to = text->data + text->used;
    *to++ = '"';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *to++ = ' ';
        *to++ = hidden ? '?' : digits[bytes[i] >> 4];
        *to++ = hidden ? '?' : digits[bytes[i] & 15];
    }
    *to++ = '"';
    text->used = (size_t)(to - text->data);
}

void whvc_text_add_string(struct whvc_text *text, const char *string)
{
    whvc_text_add(text, "\"");
    for (; *string; string++) {
        if (*string == '"' || *string == '\\')
            whvc_text_add(text, "\\%c", *string);
        else
            whvc_text_add(text, "%c", *string >= ' ' && *string <= '~' ? *string : '?');
    }
    whvc_text_add(text, "\"");
}
