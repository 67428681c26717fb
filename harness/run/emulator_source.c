/* SPDX-License-Identifier: MIT */
#include "emulator_source.h"

#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "base/str.h"
#include "session/backend.h"

static bool hash_file(const char *path, char text[2 * WHT_SHA256_SIZE + 1])
{
    uint8_t bytes[4096], digest[WHT_SHA256_SIZE];
    struct wht_sha256 sha;
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    wht_sha256_begin(&sha);
    for (size_t got; (got = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        wht_sha256_add(&sha, bytes, got);
    bool is_read = !ferror(file);
    fclose(file);
    wht_sha256_end(&sha, digest);
    for (size_t i = 0; i < WHT_SHA256_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return is_read;
}

/* @return a copy, or NULL if there is nothing to say. */
static char *text_of(struct wht_arena *arena, const char *text)
{
    return *text ? wht_arena_copy(arena, text) : NULL;
}

struct wht_source_emulator *wht_emulator_source(struct wht_arena *arena, const char *emulator,
                                                const char *version)
{
    struct wht_source_emulator *made = wht_arena_take(arena, sizeof(*made));
    char digest[2 * WHT_SHA256_SIZE + 1];
    /* Folders say more of who recorded than of what. */
    made->file = text_of(arena, wht_last_part(emulator, "/\\"));
    if (strcmp(emulator, WHT_BACKEND_BUILTIN) == 0) {
        made->version = text_of(arena, WHVTRACE_VERSION);
        return made;
    }
    made->version = text_of(arena, version);
    if (hash_file(emulator, digest))
        made->sha256 = text_of(arena, digest);
    return made;
}
