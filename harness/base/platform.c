/* SPDX-License-Identifier: MIT */
/* What the systems have in common. */
#include "platform.h"

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
