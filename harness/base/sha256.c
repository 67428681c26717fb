/* SPDX-License-Identifier: MIT */
#include "sha256.h"

#include <string.h>

/* Fractional parts of the cube roots of the first 64 primes. FIPS 180-4, 4.2.2. */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotated(uint32_t x, unsigned by)
{
    return x >> by | x << (32 - by);
}

/* FIPS 180-4, 6.2.2. */
static void take_block(struct wht_sha256 *sha, const uint8_t *block)
{
    uint32_t w[64];
    uint32_t s[8];
    for (unsigned i = 0; i < 16; i++, block += 4)
        w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 |
               block[3];
    for (unsigned i = 16; i < 64; i++) {
        uint32_t small0 = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t small1 = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + small0 + w[i - 7] + small1;
    }
    memcpy(s, sha->state, sizeof(s));
    for (unsigned i = 0; i < 64; i++) {
        uint32_t big1 = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25);
        uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t big0 = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        uint32_t t1 = s[7] + big1 + choice + constants[i] + w[i];
        memmove(s + 1, s, 7 * sizeof(s[0]));
        s[4] += t1;
        s[0] = t1 + big0 + majority;
    }
    for (unsigned i = 0; i < 8; i++)
        sha->state[i] += s[i];
}

void wht_sha256_begin(struct wht_sha256 *sha)
{
    *sha = (struct wht_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                         0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void wht_sha256_add(struct wht_sha256 *sha, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t filled = (size_t)(sha->length % sizeof(sha->block));
    sha->length += size;
    while (size > 0) {
        size_t part = sizeof(sha->block) - filled;
        if (part > size)
            part = size;
        memcpy(sha->block + filled, bytes, part);
        filled += part;
        bytes += part;
        size -= part;
        if (filled == sizeof(sha->block)) {
            take_block(sha, sha->block);
            filled = 0;
        }
    }
}

void wht_sha256_end(struct wht_sha256 *sha, uint8_t *digest)
{
    static const uint8_t padding[64] = {0x80};
    const uint64_t bits = sha->length * 8;
    size_t filled = (size_t)(sha->length % 64);
    uint8_t length[8];
    for (unsigned i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    wht_sha256_add(sha, padding, filled < 56 ? 56 - filled : 120 - filled);
    wht_sha256_add(sha, length, sizeof(length));
    for (unsigned i = 0; i < WHT_SHA256_SIZE; i++)
        digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}
