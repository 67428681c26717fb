/* SPDX-License-Identifier: MIT */
/**
 * @file flags.h
 * What a failing case would mean: the definitions of traces/flags.json, by name.
 */
#ifndef WHVTRACE_TRACE_FLAGS_H
#define WHVTRACE_TRACE_FLAGS_H

#include <stddef.h>

/** One definition; strings live until the process ends. */
struct wht_flag {
    const char *name;
    const char *bug;         /**< one line */
    const char *description; /**< how it comes about */
    const char *effect;      /**< what a guest sees */
    const char **links;      /**< where more is to be read */
    size_t link_count;
};

/**
 * Finds a flag for a case in `file`: in flags.json of the nearest folder named "traces" above it if
 * there is one, else in the list that is built in (the project's own flags.json). Lists are read
 * once and kept; not thread-safe.
 * @return NULL if it is not defined.
 */
const struct wht_flag *wht_flag_find(const char *file, const char *name);

/** All flags of the list that counts for a case in `file`, in the list's order. */
const struct wht_flag *wht_flag_list(const char *file, size_t *count);

#endif
