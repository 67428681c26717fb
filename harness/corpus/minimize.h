/* SPDX-License-Identifier: MIT */
/**
 * @file minimize.h
 * Shrinks a case that fails, and proves at each step that it fails the same way and that what it
 * expects is right.
 *
 *     case ──> shrink.h: a change ──> reference: passes? ──> emulator: fails alike? ──> the next
 *                                        └ no: records what to expect, and passes that
 *
 * Each case is run in a worker process of its own, so crashes and hangs are kinds of failures, too.
 */
#ifndef WHVTRACE_CORPUS_MINIMIZE_H
#define WHVTRACE_CORPUS_MINIMIZE_H

#include "run/exit_facts.h"
#include "run/pool.h"

struct wht_minimize {
    const char *verb;
    /** The emulator that fails, and how its workers are run. */
    struct wht_pool_options pool;
    /** Which knows what to expect; NULL: none. */
    const char *reference;
    /** Most changes that are tried. */
    uint64_t steps_max;
    /** Told of each change that is kept; NULL: not wanted. */
    void (*on_kept)(void *user, const char *what, uint64_t steps);
    void *user;

    /* What has come of it. */

    /** Changes that were tried, and kept. */
    uint64_t steps;
    uint64_t kept;
    /** The reference passes the case, so that its word counts. */
    bool has_reference;
    /** Some of what is expected was recorded of it. */
    bool is_recorded;
    /** Of the failure. */
    struct wht_text cause;
    struct wht_exit_facts facts;
};

/**
 * Shrinks a case.
 * @return the smallest case that was found, which the caller owns and which was run once more as it
 * will be written, or NULL after saying why there is none; facts tell more.
 */
struct wht_case *wht_minimize(struct wht_minimize *minimize, const struct wht_case *c);

#endif
