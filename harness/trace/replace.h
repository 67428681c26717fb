/* SPDX-License-Identifier: MIT */
/**
 * @file replace.h
 * Replacing a file as a whole: a new one is written beside it and takes its place in one step, or
 * the old one stays as it was. One source file per platform.
 */
#ifndef WHVTRACE_TRACE_REPLACE_H
#define WHVTRACE_TRACE_REPLACE_H

#include <stdbool.h>

struct wht_replacement {
    char *path;      /**< of the file itself, links resolved */
    char *temporary; /**< beside it; starts with a dot and ends as path does */
    int fd;          /**< open for writing; -1 after somebody else has closed it */
    char error[128];
};

/** Makes an empty file beside an existing one. @return false with a reason in error. */
bool wht_replacement_open(const char *path, struct wht_replacement *replacement);

/**
 * Puts the new file, which must have been closed, into the place of the old one, with the old
 * one's permissions.
 * @return false with a reason in error; both files are still there then.
 */
bool wht_replacement_commit(struct wht_replacement *replacement);

/** Releases; removes the new file if it was not put into place. */
void wht_replacement_close(struct wht_replacement *replacement);

#endif
