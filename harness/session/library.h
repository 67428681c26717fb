/* SPDX-License-Identifier: MIT */
/**
 * @file library.h
 * Shared libraries of the platform; one source file per platform.
 */
#ifndef WHVTRACE_SESSION_LIBRARY_H
#define WHVTRACE_SESSION_LIBRARY_H

#include <stddef.h>

/** A function of unknown type, to be cast to the right one. */
typedef void wht_function(void);

/**
 * Loads a shared library.
 * @return a handle for the other functions, or NULL with a one-line message in error (n bytes).
 */
void *wht_library_open(const char *path, char *error, size_t n);

/** @return the exported function, or NULL. */
wht_function *wht_library_find(void *library, const char *name);
void wht_library_close(void *library);

#endif
