/* SPDX-License-Identifier: MIT */
/**
 * @file find.h
 * Trace files below folders.
 */
#ifndef WHVTRACE_FORMAT_FIND_H
#define WHVTRACE_FORMAT_FIND_H

#include "base/error.h"
#include "base/map.h"

/** A sorted list of trace files. */
struct wht_file_list {
    char **paths;
    size_t count;
    size_t capacity;
    struct wht_map folders; /**< that were walked */
};

/**
 * Adds path to the list: a trace file itself, or every trace file below a folder, sorted by name.
 * Folders named "invalid" are skipped unless path names one. A folder is walked once for a list,
 * whatever links lead to it, and under its own name before one that a link gives it; of files each
 * name counts.
 * @return false after reporting (nothing there, not a trace file, unreadable folder).
 */
bool wht_find_traces(const char *path, const struct wht_error_sink *errors,
                     struct wht_file_list *list);
void wht_file_list_free(struct wht_file_list *list);

#endif
