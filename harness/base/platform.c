/* SPDX-License-Identifier: MIT */
/* What the systems have in common. */
#include "platform.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool wht_is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool wht_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

bool wht_wants_colours(const char *when, FILE *file)
{
    if (strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    if (is_set("NO_COLOR"))
        return false;
    if (is_set("FORCE_COLOR"))
        return strcmp(getenv("FORCE_COLOR"), "0") != 0;
    return wht_shows_colours(file);
}
