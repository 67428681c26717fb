/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700

#include <stdlib.h>
#include <sys/stat.h>

#include "absolute.h"

char *wht_absolute_path(const char *path)
{
    return realpath(path, NULL);
}

bool wht_folder_identify(const char *path, struct wht_folder_id *id, bool *is_link)
{
    struct stat info, link;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode) || lstat(path, &link) != 0)
        return false;
    *id = (struct wht_folder_id){.device = (uint64_t)info.st_dev, .number = (uint64_t)info.st_ino};
    *is_link = S_ISLNK(link.st_mode);
    return true;
}
