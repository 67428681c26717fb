/* SPDX-License-Identifier: MIT */
/**
 * @file visit.h
 * Verbs that make a corpus of cases: each case is visited once, in the order of files and cases,
 * and the verb decides what becomes of it. What all of them have in common is here: options, files,
 * reading, worker processes, writing (corpus_out.h), messages about files, the exit code.
 *
 *     files ──> reader ─────── case, text ──┐
 *         └───> workers ────── answer ──────┴──> visit() ──> keep, replace, drop ──> corpus
 *
 * A case that is kept is written as its author wrote it. One that is replaced is a value: the verb
 * changes the copy that wht_visited_change() gives it, or lets a worker write its members.
 *
 * A visitor reads, asks, or does both. If it asks, worker processes run the cases, and its
 * visits go in step with their answers.
 */
#ifndef WHVTRACE_CORPUS_VISIT_H
#define WHVTRACE_CORPUS_VISIT_H

#include "corpus_out.h"
#include "format/model.h"
#include "run/exit_facts.h"
#include "run/pool.h"
#include "run/select.h"

/** What becomes of a case. */
enum wht_fate {
    /** It is written as its author wrote it; of a visitor that reads. */
    WHT_KEEP,
    /** What the verb made of it is written. */
    WHT_REPLACE,
    /** It is not written, as it should be. */
    WHT_DROP,
    /** Likewise; exit code 77 if nothing else happens. */
    WHT_SKIP,
    /** It cannot be written, the verb has said why; exit code 1. */
    WHT_FAIL,
    /** It is held until the verb writes it with wht_visit_put(), if it does. */
    WHT_LATER
};

/** A case that is visited. Everything lives until visit() returns. */
struct wht_visited {
    /** Of the test. */
    const char *name;
    /** NULL unless the visitor reads. */
    const struct wht_case *c;
    /** What its author wrote (wht_reader_text()), likewise. */
    const struct wht_node *text;
    /** Of a worker that judged it; NULL: none, or it was given up. */
    const struct wht_case_frame *answer;
    /** Of a worker that made a case of it; NULL: none did. */
    const struct wht_made_frame *made;
    /** What its id is made of (wht_corpus_out_id()); visit() may change it. */
    const char *id;
    /** For WHT_REPLACE, and for WHT_LATER if it is not the author's text, one of two: the copy of
     * wht_visited_change(), or from visit() what a worker wrote (run/members.h). */
    struct wht_case *changed;
    const char *members;
};

/** @return a copy of the case that visit() changes with the functions of format/model.h; the same
 * one each time. Its id is `id` above. */
struct wht_case *wht_visited_change(struct wht_visited *visited);

/** What a verb does. */
struct wht_visitor {
    /** Visits have the case and its text; else the answer alone. */
    bool reads;
    /** Visits have a worker's answer. */
    bool asks;
    /** Else the default traces are taken. */
    bool needs_paths;
    enum wht_fate (*visit)(void *user, struct wht_visited *visited);
    /** The case that was visited last is in the corpus; NULL: no matter. One that is not valid is
     * named and left out instead. */
    void (*on_written)(void *user);
    /** Every case was visited, and the corpus is still open; NULL: nothing. */
    void (*on_last)(void *user);
    /** The corpus is closed: prints what was done, by visit->facts; NULL: nothing. */
    void (*report)(void *user);
};

/** A case that waits to be written. */
struct wht_held {
    struct wht_text name;
    /** What its id is made of. */
    struct wht_text id;
    struct wht_text members;
};

/** A run of such a verb. */
struct wht_visit {
    const char *verb;
    struct wht_pool_options pool;
    struct wht_words paths;
    /** Only these cases. */
    struct wht_selection selection;
    const char *output;
    bool force;
    struct wht_file_list files;
    struct wht_corpus_out out;
    /** Cases with WHT_LATER, in the order of their visits. */
    struct wht_held *held;
    size_t held_count;
    size_t held_capacity;
    /** Cases by their fates. */
    uint64_t dropped;
    uint64_t skipped;
    uint64_t failed;
    /** In files. */
    uint64_t errors;
    /** What went wrong besides single cases, before report(), which may add to it; then all. */
    struct wht_exit_facts facts;
};

/** @return a run as it begins, with wht_pool_defaults(). */
struct wht_visit wht_visit_new(const char *verb);
void wht_visit_free(struct wht_visit *visit);

/** Options that these verbs share, of a state whose member `visit` is the run. */
#define WHT_VISIT_OUTPUT(state)                                                                    \
    {                                                                                              \
        "output", 'o', "FILE", "the corpus to write, *.trace.jsonl; required",                     \
            WHT_TEXT(state, visit.output)                                                          \
    }
#define WHT_VISIT_EMULATOR(state, help)                                                            \
    {                                                                                              \
        "emulator", 0, "builtin|PATH", help, WHT_TEXT(state, visit.pool.emulator)                  \
    }
#define WHT_VISIT_SELECTION(state) WHT_SELECTION(state, visit.selection)
#define WHT_VISIT_JOBS(state)                                                                      \
    {                                                                                              \
        "jobs", 'j', "N", "worker processes (default: processors)", WHT_JOBS(state, visit.pool)    \
    }
#define WHT_VISIT_TIMEOUT(state)                                                                   \
    {                                                                                              \
        "timeout", 0, "SECONDS", "for each case, and for loading (default: 10)",                   \
            WHT_TIMEOUT(state, visit.pool)                                                         \
    }
#define WHT_VISIT_FORCE(state) WHT_CORPUS_OUT_FORCE(state, visit.force)

/**
 * Visits all cases and writes the corpus.
 * @param user for the visitor's functions.
 * @return the verb's exit code; what it means has been said.
 */
int wht_visit_run(struct wht_visit *visit, const struct wht_visitor *visitor, void *user);

/**
 * Writes a case that is held; during visit() and on_last().
 * @param index in visit->held, below held_count.
 * @return false after saying why it is not valid.
 */
bool wht_visit_put(struct wht_visit *visit, size_t index);

#endif
