/* SPDX-License-Identifier: MIT */
/**
 * @file state.h
 * Which tests failed when they ran last, for 'run --failed': a file for each traces folder and
 * emulator, outside of both. It is below $WHVTRACE_STATE, or else in the folder `whvtrace` below
 * $XDG_STATE_HOME or ~/.local/state, on Windows below %LOCALAPPDATA%.
 */
#ifndef WHVTRACE_RUN_STATE_H
#define WHVTRACE_RUN_STATE_H

#include <stdbool.h>

#include "base/map.h"
#include "base/text.h"

/** Of one run. Release with wht_state_free(). */
struct wht_state {
    /** NULL: there is no place for it. */
    char *path;
    /** The names that stand in it, a line each. */
    struct wht_text before;
    /** These; 1: it ran. */
    struct wht_map known;
    /** Of this run. */
    struct wht_text failed;
    /** Says what the file is about. */
    struct wht_text head;
};

/**
 * Reads what is known.
 * @param root     of the traces; NULL: the working directory.
 * @param emulator "builtin" or a path.
 */
void wht_state_read(struct wht_state *state, const char *root, const char *emulator);

/** Takes a result. */
void wht_state_note(struct wht_state *state, const char *name, bool has_failed);

/**
 * Writes the file anew, if something failed or had failed; where that cannot be done the older one
 * stays, and nobody is told: a run does not need it.
 * @param is_whole every test was run: those that are no more are forgotten.
 */
void wht_state_write(struct wht_state *state, bool is_whole);

void wht_state_free(struct wht_state *state);

#endif
