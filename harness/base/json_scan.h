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
    size_t offset;     /**< of the value's first byte */
    size_t key_offset; /**< of the opening quote of its key; offset if it has none */
    bool is_integer;   /**< a number without fraction and exponent, and not -0 */
};

struct wht_scan {
    struct wht_mark *marks; /**< release with free() */
    size_t count;
    size_t error_offset; /**< if the scan failed */
    char error[128];     /**< what was found, what was expected */
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
    uint32_t line; /**< lines before it */
    uint32_t start;
};

/** Fills marks for a text: 1 + size / WHT_POS_STRIDE of them. */
void wht_pos_index(const char *text, size_t size, struct wht_pos_mark *marks);

/** @return line and column of an offset; columns count bytes. @param first_line the text's first
 * line. */
struct wht_pos wht_pos_from_offset(const char *text, size_t offset, uint32_t first_line);

#endif
