/* SPDX-License-Identifier: MIT */
/**
 * @file paths.h
 * Trace files by their names, and where they stand below the traces root: the nearest folder named
 * "traces" above them.
 */
#ifndef WHVTRACE_FORMAT_PATHS_H
#define WHVTRACE_FORMAT_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/** @return whether a file's name is one of a trace. */
bool wht_is_trace_file(const char *path);

/**
 * @return the test name of a file's cases up to the `#`: the path relative to the traces root, or
 * the file's own name where there is none. Release with free().
 */
char *wht_test_name_prefix(const char *path);

/** @return how many characters of path name the traces root; 0 if there is none. */
size_t wht_traces_root(const char *path);

/**
 * @return the path of a file that would lie in the traces root of `path`, links of the latter being
 * resolved; NULL if there is no root. Release with free().
 */
char *wht_traces_file(const char *path, const char *name);

#endif
