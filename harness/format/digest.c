/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "base/sha256.h"
#include "expand.h"

static void add(void *user, const char *bytes, size_t size)
{
    wht_sha256_add(user, bytes, size);
}

static void digest(const struct wht_case *c, enum wht_expansion expansion, uint8_t *bytes)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_sha256 sha;
    const struct wht_writer writer = {.write = add, .user = &sha};
    wht_sha256_begin(&sha);
    wht_write_line(&writer, wht_expand_case(arena, c, expansion));
    wht_sha256_end(&sha, bytes);
    wht_arena_free(arena);
}

void wht_case_digest(const struct wht_case *c, char text[WHT_DIGEST_MAX])
{
    uint8_t bytes[WHT_SHA256_SIZE];
    digest(c, WHT_EXPAND_MEANING, bytes);
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

bool wht_case_is_same(const struct wht_case *a, const struct wht_case *b)
{
    uint8_t left[WHT_SHA256_SIZE];
    uint8_t right[WHT_SHA256_SIZE];
    digest(a, WHT_EXPAND_ALL, left);
    digest(b, WHT_EXPAND_ALL, right);
    return memcmp(left, right, sizeof(left)) == 0;
}
