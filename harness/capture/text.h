/* SPDX-License-Identifier: MIT */
/**
 * @file text.h
 * Text that grows; a failed allocation is remembered and everything after it ignored.
 */
#ifndef WHVCAPTURE_TEXT_H
#define WHVCAPTURE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct whvc_text {
    char *data;
    size_t used;
    size_t capacity;
    bool failed;
};

void whvc_text_free(struct whvc_text *text);

/** printf. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void whvc_text_add(struct whvc_text *text, const char *format, ...);

/** Bytes as hex pairs joined by spaces, or "??" for each if they are hidden; with quotes. */
void whvc_text_add_bytes(struct whvc_text *text, const uint8_t *bytes, size_t count, bool hidden);

/** A JSON string with its quotes; bytes that are no printable ASCII become '?'. */
void whvc_text_add_string(struct whvc_text *text, const char *string);

#endif
