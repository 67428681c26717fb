/* SPDX-License-Identifier: MIT */
#include "str.h"

#include <stdio.h>

static void *or_abort(void *memory)
{
    if (memory)
        return memory;
    fputs("whvtrace: out of memory\n", stderr);
    abort();
}

void *wht_reallocate(void *old, size_t size)
{
    return or_abort(realloc(old, size > 0 ? size : 1));
}

void *wht_allocate(size_t count, size_t size)
{
    return or_abort(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *wht_grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity > 0 ? 2 * *capacity : 16;
    return wht_reallocate(items, *capacity * size);
}

char *wht_copy_bytes(const void *bytes, size_t size)
{
    char *copy = wht_reallocate(NULL, size + 1);
    memcpy(copy, bytes, size);
    copy[size] = 0;
    return copy;
}

char *wht_copy_text(const char *text)
{
    return wht_copy_bytes(text, strlen(text));
}

const char *wht_last_part(const char *path, const char *separators)
{
    const char *last = path;
    for (const char *c = path; *c; c++)
        if (strchr(separators, *c))
            last = c + 1;
    return last;
}
