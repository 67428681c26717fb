/* SPDX-License-Identifier: MIT */
/**
 * @file revoked.h
 * Withdrawn cases, by digest: copies of a case that turned out to be wrong stay in corpora that
 * nobody rewrites, under whatever name.
 *
 * A list is a text file with a line `DIGEST REASON` for each case; empty lines and lines that start
 * with `#` are passed over. For a case the list `revoked.txt` in the nearest folder named "traces"
 * above its file counts if there is one, else the one that is built in (the project's own).
 * traces/FORMAT.md, "Withdrawn cases".
 */
#ifndef WHVTRACE_FORMAT_REVOKED_H
#define WHVTRACE_FORMAT_REVOKED_H

#include "load.h"

struct wht_revoked;

/**
 * Reads the list that counts for a trace file. Lines with errors are passed over in silence.
 * @return a list, to be closed with wht_revoked_close().
 */
struct wht_revoked *wht_revoked_open(const char *file);

/** @return why a case was withdrawn, or NULL if it was not; lives as long as the list. */
const char *wht_revoked_reason(const struct wht_revoked *list, const struct wht_case *c);

/** NULL is allowed. */
void wht_revoked_close(struct wht_revoked *list);

/** Reports every error of the list that counts for the traces below `root`, if it has one of its
 * own. @return whether there are none. */
bool wht_revoked_check(const char *root, const struct wht_load_options *options);

#endif
