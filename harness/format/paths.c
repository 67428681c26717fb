/* SPDX-License-Identifier: MIT */
#include "paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/absolute.h"
#include "base/str.h"

bool wht_is_trace_file(const char *path)
{
    return wht_ends_with(path, ".trace.json") || wht_ends_with(path, ".trace.jsonl") ||
           wht_ends_with(path, ".trace.jsonl.gz");
}

size_t wht_traces_root(const char *path)
{
    size_t root = 0;
    for (const char *at = path; (at = strstr(at, "traces/")) != NULL; at++) {
        if (at == path || at[-1] == '/')
            root = (size_t)(at - path) + strlen("traces");
    }
    return root;
}

char *wht_traces_file(const char *path, const char *name)
{
    char *real = wht_absolute_path(path);
    size_t root = wht_traces_root(real ? real : path);
    char *found = NULL;
    if (root > 0) {
        size_t size = root + strlen(name) + 2;
        found = wht_reallocate(NULL, size);
        snprintf(found, size, "%.*s/%s", (int)root, real ? real : path, name);
    }
    free(real);
    return found;
}

char *wht_test_name_prefix(const char *path)
{
    const char *name = path;
    char *real = NULL;
    size_t root = wht_traces_root(path);
    if (root == 0) {
        real = wht_absolute_path(path);
        name = real ? real : path;
        root = wht_traces_root(name);
    }
    if (root > 0) {
        name += root + 1;
    } else {
        const char *slash = strrchr(path, '/');
        name = slash ? slash + 1 : path;
    }
    char *copy = wht_copy_text(name);
    free(real);
    return copy;
}
