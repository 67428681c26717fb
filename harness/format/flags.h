/* SPDX-License-Identifier: MIT */
/**
 * @file flags.h
 * What a failing case would mean: the definitions of traces/flags.json, by name.
 *
 * A file is ruled by flags.json of the nearest folder named "traces" above it if there is one, else
 * by the list that is built in (the project's own flags.json). Lists are read once and kept; not
 * thread-safe. traces/FORMAT.md, "Flags".
 */
#ifndef WHVTRACE_FORMAT_FLAGS_H
#define WHVTRACE_FORMAT_FLAGS_H

#include "load.h"

/** One definition; strings live until wht_flags_forget(). */
struct wht_flag {
    const char *name;
    const char *bug;         /**< one line */
    const char *description; /**< how it comes about */
    const char *effect;      /**< what a guest sees */
    const char **links;      /**< where more is to be read */
    size_t link_count;
};

/** The definitions that rule a file. */
struct wht_flags {
    const struct wht_flag *items; /**< in the order of the file */
    const char *const *names;     /**< the name of each */
    size_t count;
    bool is_broken; /**< the list could not be read: nobody knows what it defines */
};

/**
 * @param file    a trace file.
 * @param options receives the errors of flags.json when it is read for the first time.
 * @param errors  grows by their number.
 * @return the definitions that rule the file.
 */
const struct wht_flags *wht_flags_of(const char *file, const struct wht_load_options *options,
                                     size_t *errors);

/** @return a definition, or NULL if there is none. */
const struct wht_flag *wht_flags_find(const struct wht_flags *flags, const char *name);

/** Finds a flag for a case in `file`. @return NULL if it is not defined. */
const struct wht_flag *wht_flag_find(const char *file, const char *name);

/** All flags of the list that rules a case in `file`, in the list's order. */
const struct wht_flag *wht_flag_list(const char *file, size_t *count);

/** Releases all that was read; what was returned before is gone. Files are read again. A process
 * that ends needs it not: it is for tests, which change files and count what is left. */
void wht_flags_forget(void);

#endif
