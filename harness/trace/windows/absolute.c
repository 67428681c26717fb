/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/stat.h>

#include "../paths.h"

char *wht_absolute_path(const char *path)
{
    struct stat info;
    char *absolute = stat(path, &info) == 0 ? _fullpath(NULL, path, 0) : NULL;
    for (char *at = absolute; at && *at; at++) {
        if (*at == '\\')
            *at = '/';
    }
    return absolute;
}
