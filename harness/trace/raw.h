/* SPDX-License-Identifier: MIT */
/**
 * @file raw.h
 * Reading trace files for rewriting: each valid case as the loader understands it, and beside it
 * the JSON that it was written as, with defaults and the file's source merged in.
 */
#ifndef WHVTRACE_TRACE_RAW_H
#define WHVTRACE_TRACE_RAW_H

#include "load.h"
#include "node.h"

struct wht_raw;

/** Opens a file. @return NULL after reporting why not. */
struct wht_raw *wht_raw_open(const char *path, const struct wht_load_options *options);

/**
 * @param node receives the case's object; valid until the next call.
 * @return the next valid case, which the caller owns, or NULL at the end.
 */
struct wht_case *wht_raw_next(struct wht_raw *raw, const struct wht_node **node);

/** How many errors were reported so far. */
size_t wht_raw_error_count(const struct wht_raw *raw);

void wht_raw_close(struct wht_raw *raw);

#endif
