/* SPDX-License-Identifier: MIT */
/**
 * @file flags_builtin.h
 * The project's traces/flags.json as bytes; the source is generated when the project is configured.
 */
#ifndef WHVTRACE_TRACE_FLAGS_BUILTIN_H
#define WHVTRACE_TRACE_FLAGS_BUILTIN_H

#include <stddef.h>

extern const unsigned char wht_flags_builtin[];
extern const size_t wht_flags_builtin_size;

#endif
