/* SPDX-License-Identifier: MIT */
/**
 * @file outfile.h
 * A file that the program makes. It is written beside its target, under a name that nobody can
 * guess, and takes the target's place in one step when it is whole; until then, and after any
 * failure, what stood there stands there. Pipes, devices and /dev/stdout have no such place and are
 * written directly.
 *
 * What the program reads is never written, nor is one file by two outputs that are open: files are
 * compared, not their names. For one thread; an open outfile stays where it is.
 */
#ifndef WHVTRACE_BASE_OUTFILE_H
#define WHVTRACE_BASE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define WHT_OUTFILE_ERROR_MAX 1024

enum wht_outfile_use {
    /** Makes a file or replaces one. */
    WHT_OUTFILE_WRITE,
    /** Nothing may stand there. */
    WHT_OUTFILE_NEW,
    /** The target was read, and is replaced by what was made of it. */
    WHT_OUTFILE_REWRITE,
    /** Written directly, behind what is there. */
    WHT_OUTFILE_APPEND
};

struct wht_outfile {
    enum wht_outfile_use use;
    /** The file itself, links resolved; NULL: it is written directly. */
    char *target;
    /** What is written; starts with a dot and ends as the target does. */
    char *temporary;
    /** Open for writing and, a temporary, for reading; NULL: not open. */
    FILE *file;
    /** Of what is appended to; -1: it cannot be cut. */
    long old_size;
    /** Errno of the first write that failed; 0: none. */
    int first_error;
    /** Refused: it is read, or is another output. */
    bool is_in_use;
    /** The reason, to stand behind the file's name. */
    char error[WHT_OUTFILE_ERROR_MAX];
};

/**
 * Remembers a file that is read from here on: no output may be that file. A path that names nothing
 * is passed over.
 */
void wht_outfile_protect(const char *path);

/**
 * Begins a file.
 * @return false with a reason in error, and with errno set: EEXIST if there may be no such file,
 *         EBUSY if it is in use. Nothing is to be closed then.
 */
bool wht_outfile_open(struct wht_outfile *out, const char *path, enum wht_outfile_use use);

/** Writes; a failure shows when the file is committed. */
void wht_outfile_write(struct wht_outfile *out, const void *bytes, size_t size);

/** Closes the file and puts it into place. @return false with a reason in error; nothing is left
 * then of what was written. */
bool wht_outfile_commit(struct wht_outfile *out);

/** Closes the file and removes it; nothing happens after a commit, or if it was never open. */
void wht_outfile_discard(struct wht_outfile *out);

/**
 * Removes what is not in its place yet. May be called by a signal handler that ends the program.
 */
void wht_outfile_remove_all(void);

#endif
