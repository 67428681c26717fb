/* SPDX-License-Identifier: MIT */
/**
 * @file pending.h
 * Pending results: what came out of failing cases, beside their file, until somebody accepts or
 * rejects it. traces/FORMAT.md, "Pending results".
 */
#ifndef WHVTRACE_RUN_PENDING_H
#define WHVTRACE_RUN_PENDING_H

#include "base/arena.h"
#include "base/json_node.h"
#include "base/map.h"
#include "base/outfile.h"

enum wht_pending_fate {
    /** It stays. */
    WHT_PENDING_WAITS,
    WHT_PENDING_ACCEPTED,
    WHT_PENDING_DROPPED
};

/** One of them; all that it points to lives in its list. */
struct wht_pending {
    const char *id;
    /** Of the case that it came out of. */
    const char *digest;
    /** All of it. */
    const struct wht_node *object;
    const struct wht_node *expect;
    enum wht_pending_fate fate;
};

/** Those of one trace file. Zero-initialise; release with wht_pending_free(). */
struct wht_pending_list {
    /** Of the pending results. */
    char *path;
    /** Of the traces. */
    char *of;
    struct wht_arena *arena;
    struct wht_pending *items;
    size_t count;
    size_t room;
    /** 1 + where an id stands. */
    struct wht_map ids;
    bool is_changed;
};

/** @return where the pending results of a trace file are, to be released with free(). */
char *wht_pending_path(const char *trace);

/**
 * Reads those of a trace file, if there are any.
 * @return false after saying what is wrong with them.
 */
bool wht_pending_read(struct wht_pending_list *list, const char *trace);
void wht_pending_free(struct wht_pending_list *list);

/** @return that of a case, or NULL. */
struct wht_pending *wht_pending_find(const struct wht_pending_list *list, const char *id);

/** Takes a line; it replaces that of the same case. @return false if it is none. */
bool wht_pending_take(struct wht_pending_list *list, const char *line);

/** How many wait. */
size_t wht_pending_count(const struct wht_pending_list *list);

/**
 * Writes those that wait, if something has changed; without any the file goes.
 * @return false after saying why it could not be written.
 */
bool wht_pending_write(struct wht_pending_list *list);

#endif
