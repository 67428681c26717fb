/* SPDX-License-Identifier: MIT */
/**
 * @file file_system.h
 * What outfile.c needs of the operating system; one source file per platform. Paths have their
 * parts separated by '/'.
 */
#ifndef WHVTRACE_BASE_FILE_SYSTEM_H
#define WHVTRACE_BASE_FILE_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** Which file it is, whatever its names: device and inode, on Windows volume and file index. */
struct wht_file_id {
    uint64_t volume;
    uint64_t index;
};

enum wht_file_kind {
    /** There is none. */
    WHT_FILE_NONE,
    WHT_FILE_REGULAR,
    /** A folder, a pipe, a device. */
    WHT_FILE_OTHER
};

/** @param id receives which file a path names, links being followed, unless there is none. */
enum wht_file_kind wht_file_identify(const char *path, struct wht_file_id *id);

/** As wht_file_identify(), for an open file. */
enum wht_file_kind wht_file_identify_open(FILE *file, struct wht_file_id *id);

/** @return whether a path means what is open already, like /dev/stdout, whatever that is. */
bool wht_file_is_stream(const char *path);

/**
 * @return the absolute path of a file that need not exist, its links resolved, to be released with
 * free(); NULL with errno set if it could not be made either.
 */
char *wht_file_resolve(const char *path);

/** @return whether two resolved paths are equal to the file system. */
bool wht_file_is_same_path(const char *left, const char *right);

/** @return whether an existing file may be written. errno is set if not. */
bool wht_file_is_writable(const char *path);

/** Creates a file that does not exist yet, for writing. @return NULL with errno set. */
FILE *wht_file_create(const char *path);

/**
 * Makes sure that what was written, and flushed, is on the disk, and gives the file owner and
 * permissions of another one.
 * @param like NULL: those that new files have.
 * @return false with errno set.
 */
bool wht_file_settle(FILE *file, const char *like);

/**
 * Renames a closed file.
 * @param replaces whether `to` may exist.
 * @return false with errno set; both files are as they were then.
 */
bool wht_file_move(const char *from, const char *to, bool replaces);

/** Removes a file, in whatever state the program is: also from a signal handler. */
void wht_file_remove(const char *path);

/** Cuts a file that is open for writing. @return false with errno set. */
bool wht_file_cut(FILE *file, long size);

/** @return a number that nobody can guess. */
uint64_t wht_random(void);

#endif
