/* SPDX-License-Identifier: MIT */
/**
 * @file folders.h
 * Folders that belong together: traces beside the program or around the working folder.
 */
#ifndef WHVTRACE_RUN_FOLDERS_H
#define WHVTRACE_RUN_FOLDERS_H

/** @return the folder of that name in the working folder or above it, to be released, or NULL. */
char *wht_find_above_working_folder(const char *name);
/** @return the folder of that name in a folder above the program's own, to be released, or NULL. */
char *wht_find_above_program(const char *name);

/** @return what is installed under that name with the program, absolute, to be released; NULL if
 * the program is not installed, or without it. */
char *wht_installed(const char *name);

/** @return the path's traces root, absolute, to be released; NULL if there is none. */
char *wht_traces_root_of(const char *path);

#endif
