/* SPDX-License-Identifier: MIT */
/**
 * @file pool_arguments.h
 * The command line of a worker.
 */
#ifndef WHVTRACE_RUN_POOL_ARGUMENTS_H
#define WHVTRACE_RUN_POOL_ARGUMENTS_H

#include "pool.h"

/** Room for as many of each kind as a command line takes. */
#define WHT_ARGUMENTS_MAX (2u * (3u * WHT_SELECTED_MAX + 16u) + 32u)

struct wht_pool_arguments {
    /** Without the program's name; ends with NULL. */
    const char *items[WHT_ARGUMENTS_MAX + 1];
    size_t count;
    char shard[48];
    char seed[24];
};

/**
 * Fills in a worker's arguments; they point into options.
 * @param keeps_handle the emulator's handle is never destroyed.
 * @param not_run      why no case is run, or NULL; must stay.
 */
void wht_pool_fill_arguments(struct wht_pool_arguments *arguments,
                             const struct wht_pool_options *options, bool keeps_handle,
                             const char *not_run);

#endif
