/* SPDX-License-Identifier: MIT */
/**
 * @file pending_verb.h
 * What the verbs have in common that go through pending results.
 */
#ifndef WHVTRACE_CLI_PENDING_VERB_H
#define WHVTRACE_CLI_PENDING_VERB_H

#include "corpus/bless.h"
#include "run/exit_facts.h"
#include "run/select.h"

/** A pending result that a command line means. */
struct wht_pending_visit {
    /** Of the test. */
    const char *name;
    /** As its author wrote it; NULL: there is no such case any more. */
    const struct wht_case *c;
    struct wht_pending *pending;
};

/** Zero-initialise. */
struct wht_pending_run {
    const char *verb;
    struct wht_words paths;
    struct wht_selection selection;
    /** Decides about one. @return false to go no further. */
    bool (*visit)(void *user, const struct wht_pending_visit *visit);
    void *user;
    /** That were visited. */
    uint64_t visited;
    uint64_t accepted;
    uint64_t dropped;
    struct wht_exit_facts facts;
};

/**
 * Visits the pending results of all files that the command line means, and does what was decided,
 * file by file.
 * @return WHT_EXIT_OK, or another exit code after saying why nothing was visited.
 */
int wht_pending_run(struct wht_pending_run *run);

void wht_pending_run_free(struct wht_pending_run *run);

#endif
