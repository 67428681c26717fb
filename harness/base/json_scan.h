/* SPDX-License-Identifier: MIT */
/**
 * @file json_scan.h
 * A strict JSON scanner. It decides whether a text is JSON (RFC 8259, UTF-8, no byte-order mark)
 * and says where each value stands; cJSON, which is lenient and knows no positions, only parses
 * what passed. Bounds: traces/FORMAT.md, "Text and limits".
 */
#ifndef WHVTRACE_BASE_JSON_SCAN_H
#define WHVTRACE_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "pos.h"

#define WHT_DEPTH_MAX    64
#define WHT_STRING_MAX   (1u << 20)
#define WHT_DOCUMENT_MAX (64u << 20)
#define WHT_VALUES_MAX   (1u << 20) /* a value costs some 200 bytes while its document is held */

/** One value, in document order: a container stands before what it holds. */
struct wht_mark {
    /** Of the value's first byte. */
    size_t offset;
    /** Of the opening quote of its key; offset if it has none. */
    size_t key_offset;
    /** A number without fraction and exponent, and not -0. */
    bool is_integer;
};

struct wht_scan {
    /** Release with free(). */
    struct wht_mark *marks;
    size_t count;
    /** If the scan failed. */
    size_t error_offset;
    /** What was found, what was expected. */
    char error[128];
};

/**
 * Scans one document.
 * @return whether it is valid; otherwise error and error_offset are set. marks is set in both
 * cases.
 */
bool wht_scan(const char *text, size_t size, struct wht_scan *scan);

#define WHT_POS_STRIDE 4096u

/** Where the line starts that byte n * WHT_POS_STRIDE of a text stands in. */
struct wht_pos_mark {
    /** Lines before it. */
    uint32_t line;
    uint32_t start;
};

/** Fills marks for a text: 1 + size / WHT_POS_STRIDE of them. */
void wht_pos_index(const char *text, size_t size, struct wht_pos_mark *marks);

/** @return line and column of an offset; columns count bytes. @param first_line the text's first
 * line. */
struct wht_pos wht_pos_from_offset(const char *text, size_t offset, uint32_t first_line);

#endif
