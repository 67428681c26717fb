/* SPDX-License-Identifier: MIT */
/**
 * @file traces_builtin.h
 * Files of the project's own traces/ as bytes; the sources are generated when the project is
 * configured.
 */
#ifndef WHVTRACE_FORMAT_TRACES_BUILTIN_H
#define WHVTRACE_FORMAT_TRACES_BUILTIN_H

#include <stddef.h>

/** traces/flags.json */
extern const unsigned char wht_flags_builtin[];
extern const size_t wht_flags_builtin_size;

/** traces/revoked.txt */
extern const unsigned char wht_revoked_builtin[];
extern const size_t wht_revoked_builtin_size;

#endif
