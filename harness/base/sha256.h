/* SPDX-License-Identifier: MIT */
/**
 * @file sha256.h
 * SHA-256. FIPS 180-4.
 */
#ifndef WHVTRACE_BASE_SHA256_H
#define WHVTRACE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define WHT_SHA256_SIZE 32

struct wht_sha256 {
    uint32_t state[8];
    /** Bytes so far. */
    uint64_t length;
    uint8_t block[64];
};

void wht_sha256_begin(struct wht_sha256 *sha);
void wht_sha256_add(struct wht_sha256 *sha, const void *data, size_t size);
/** @param digest receives WHT_SHA256_SIZE bytes. Ends what wht_sha256_begin() began. */
void wht_sha256_end(struct wht_sha256 *sha, uint8_t *digest);

#endif
