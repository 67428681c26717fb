/* SPDX-License-Identifier: MIT */
/**
 * @file bless.h
 * Rewriting a trace file with pending results that were accepted. Each case keeps all but its
 * expectation, and says where that came from; what is written is read again and judged before it
 * takes the file's place: it must say what was accepted, compare all that it compared before, and
 * every other case must be the same.
 */
#ifndef WHVTRACE_CORPUS_BLESS_H
#define WHVTRACE_CORPUS_BLESS_H

#include "format/load.h"
#include "run/pending.h"

/** What came of a file. */
struct wht_blessing {
    uint64_t accepted;
    /** Told one by one. */
    uint64_t refused;
    /** The file, or its pending results, are not as they should be; told. */
    bool is_invalid;
    bool is_unwritten;
};

/** @return why a pending result cannot be accepted for a case, or NULL. @param digest of the case.
 */
const char *wht_pending_obstacle(const struct wht_pending *pending, const struct wht_case *c);

/**
 * Accepts those of a list whose fate says so, and writes those that wait.
 * @param list of the file; those that are refused wait.
 */
void wht_bless(struct wht_pending_list *list, struct wht_blessing *blessing);

#endif
