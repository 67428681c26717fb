/* SPDX-License-Identifier: MIT */
/**
 * @file absolute.h
 * Which file or folder a path means; one source file per platform.
 */
#ifndef WHVTRACE_BASE_ABSOLUTE_H
#define WHVTRACE_BASE_ABSOLUTE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * @return the path with links resolved, parts separated by '/', to be released with free(); NULL if
 * there is no such file.
 */
char *wht_absolute_path(const char *path);

/** What tells a folder from all others, however it is reached. */
struct wht_folder_id {
    uint64_t device;
    /** 0: the system does not tell. */
    uint64_t number;
};

/**
 * Identifies a folder; links are followed.
 * @param is_link receives whether path itself is a link.
 * @return false if there is no folder.
 */
bool wht_folder_identify(const char *path, struct wht_folder_id *id, bool *is_link);

#endif
