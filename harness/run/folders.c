/* SPDX-License-Identifier: MIT */
#include "folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/absolute.h"
#include "base/platform.h"
#include "base/str.h"
#include "format/paths.h"

/* The nearest folder of that name in `folder` or above it; `folder` is released. */
static char *find_above(char *folder, const char *name)
{
    size_t length = folder ? strlen(folder) : 0;
    size_t size = length + strlen(name) + 2;
    char *path = folder ? malloc(size) : NULL;
    while (path) {
        snprintf(path, size, "%.*s/%s", (int)length, folder, name);
        if (wht_is_folder(path))
            break;
        while (length > 0 && folder[length - 1] != '/')
            length--;
        if (length == 0) {
            free(path);
            path = NULL;
        } else {
            length--;
        }
    }
    free(folder);
    return path;
}

/* In the working folder itself the short name reads better in messages. */
char *wht_find_above_working_folder(const char *name)
{
    if (wht_is_folder(name))
        return wht_copy_text(name);
    return find_above(wht_absolute_path("."), name);
}

char *wht_find_above_program(const char *name)
{
    return find_above(wht_program_path(), name);
}

char *wht_installed(const char *name)
{
    char *program = wht_program_path();
    const char *slash = program ? strrchr(program, '/') : NULL;
    char *found = NULL;
    if (slash) {
        const size_t size = strlen(program) + strlen(name) + sizeof(WHVTRACE_DATA) + 3;
        char *path = wht_reallocate(NULL, size);
        snprintf(path, size, "%.*s/" WHVTRACE_DATA "/%s", (int)(slash - program), program, name);
        found = wht_absolute_path(path);
        free(path);
    }
    free(program);
    return found;
}

char *wht_traces_root_of(const char *path)
{
    char *absolute = wht_absolute_path(path);
    if (absolute && wht_ends_with(absolute, "/traces"))
        return absolute;
    size_t root = absolute ? wht_traces_root(absolute) : 0;
    if (root > 0) {
        absolute[root] = 0;
        return absolute;
    }
    free(absolute);
    return NULL;
}
