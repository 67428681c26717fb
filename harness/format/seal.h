/* SPDX-License-Identifier: MIT */
/**
 * @file seal.h
 * A mark by which a corpus that this program wrote is known again, as long as nobody has edited it:
 * the member `x-written` of its header has size and CRC-32 of the whole file, its own digits
 * counting as '0'. traces/FORMAT.md, "The mark of a written corpus".
 */
#ifndef WHVTRACE_FORMAT_SEAL_H
#define WHVTRACE_FORMAT_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHT_SEAL_KEY  "x-written"
#define WHT_SEAL_SIZE 39 /* characters of its value */

/** What was seen of a file so far. Zero-initialise. */
struct wht_seal {
    uint64_t size;
    uint32_t crc;
};

void wht_seal_add(struct wht_seal *seal, const char *bytes, size_t size);

/**
 * @param text receives the value and a NUL; of a zero seal, what stands for the value in the sum.
 */
void wht_seal_text(const struct wht_seal *seal, char text[WHT_SEAL_SIZE + 1]);

enum wht_sealed {
    /** As this program wrote it, or empty. */
    WHT_SEALED,
    /** Edited, or not written by this program. */
    WHT_UNSEALED,
    WHT_SEAL_NO_FILE
};

/** Judges a file, not compressed. Links are followed; what is no regular file counts as none. */
enum wht_sealed wht_seal_check(const char *path);

#endif
