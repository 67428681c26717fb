/* SPDX-License-Identifier: MIT */
#include "seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/file_system.h"
#include "base/json_node.h"
#include "base/str.h"

#define PART ((size_t)256 << 10) /* the header must fit into the first one */

void wht_seal_add(struct wht_seal *seal, const char *bytes, size_t size)
{
    seal->size += size;
    while (size > 0) {
        uInt part = size < 1u << 30 ? (uInt)size : 1u << 30;
        seal->crc = (uint32_t)crc32(seal->crc, (const Bytef *)bytes, part);
        bytes += part;
        size -= part;
    }
}

void wht_seal_text(const struct wht_seal *seal, char text[WHT_SEAL_SIZE + 1])
{
    char longest[64];
    snprintf(longest, sizeof(longest), "crc32 %08" PRIx32 " of %015" PRIu64 " bytes", seal->crc,
             seal->size);
    memcpy(text, longest, WHT_SEAL_SIZE);
    text[WHT_SEAL_SIZE] = 0;
}

/* @return where the header's seal stands in it, or NULL. */
static char *find_seal(char *header, size_t size)
{
    struct wht_document document = {.arena = wht_arena_new(), .text = header, .first_line = 1};
    char error[128];
    size_t offset;
    char *found = NULL;
    bool is_object = wht_document_parse(&document, size, error, &offset) &&
                     document.root->kind == WHT_NODE_OBJECT;
    const struct wht_node *seal = is_object ? wht_node_member(document.root, WHT_SEAL_KEY) : NULL;
    if (seal && seal->kind == WHT_NODE_STRING && strlen(seal->string) == WHT_SEAL_SIZE &&
        memcmp(header + seal->offset + 1, seal->string, WHT_SEAL_SIZE) == 0)
        found = header + seal->offset + 1;
    wht_arena_free(document.arena);
    return found;
}

/* Takes the seal off the first part of a file. @return whether there is one. */
static bool take_off(char *bytes, size_t size, char value[WHT_SEAL_SIZE + 1])
{
    static const struct wht_seal none = {0, 0};
    char zeros[WHT_SEAL_SIZE + 1];
    char *end = memchr(bytes, '\n', size);
    if (!end)
        return false;
    *end = 0;
    char *seal = find_seal(bytes, (size_t)(end - bytes));
    *end = '\n';
    if (!seal)
        return false;
    memcpy(value, seal, WHT_SEAL_SIZE);
    value[WHT_SEAL_SIZE] = 0;
    wht_seal_text(&none, zeros);
    memcpy(seal, zeros, WHT_SEAL_SIZE);
    return true;
}

static bool holds(FILE *file, char *bytes)
{
    struct wht_seal seal = {0, 0};
    char value[WHT_SEAL_SIZE + 1], actual[WHT_SEAL_SIZE + 1];
    size_t size = fread(bytes, 1, PART, file);
    if (size == 0)
        return !ferror(file);
    if (!take_off(bytes, size, value))
        return false;
    for (; size > 0; size = fread(bytes, 1, PART, file))
        wht_seal_add(&seal, bytes, size);
    wht_seal_text(&seal, actual);
    return !ferror(file) && strcmp(value, actual) == 0;
}

enum wht_sealed wht_seal_check(const char *path)
{
    struct wht_file_id id;
    if (wht_file_identify(path, &id) != WHT_FILE_REGULAR)
        return WHT_SEAL_NO_FILE;
    FILE *file = fopen(path, "rb");
    if (!file)
        return WHT_UNSEALED;
    char *bytes = wht_reallocate(NULL, PART);
    bool is_sealed = holds(file, bytes);
    free(bytes);
    fclose(file);
    return is_sealed ? WHT_SEALED : WHT_UNSEALED;
}
