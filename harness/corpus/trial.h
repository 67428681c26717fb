/* SPDX-License-Identifier: MIT */
/**
 * @file trial.h
 * One case, that stands in no file, in a worker process.
 */
#ifndef WHVTRACE_CORPUS_TRIAL_H
#define WHVTRACE_CORPUS_TRIAL_H

#include "base/text.h"
#include "format/model.h"
#include "run/exit_facts.h"
#include "run/pool.h"

/** What came of it. Zero-initialise; release with wht_trial_free(). */
struct wht_trial {
    /** False: it was not run, or the run broke off. */
    bool is_run;
    enum wht_outcome_kind kind;
    /** Of a failure: equal for those of one kind. */
    struct wht_text group;
    struct wht_text cause;
    /** Of a recording: a line of a corpus. */
    struct wht_text line;
    /** Why it was not run. */
    struct wht_text problem;
};

void wht_trial_free(struct wht_trial *trial);

/**
 * Runs a case that is valid; one that is not is not run.
 * @param pool  with emulator and work; its selection and jobs do not count.
 * @param facts receives what is wrong besides the case.
 */
void wht_trial_run(struct wht_trial *trial, const struct wht_pool_options *pool,
                   const struct wht_case *c, struct wht_exit_facts *facts);

/** @return of how much `check` warns: what a case can hardly mean; SIZE_MAX if it is not valid. */
size_t wht_trial_warnings(const struct wht_case *c);

/** @return the case that was recorded, which the caller owns, or NULL. */
struct wht_case *wht_trial_recorded(const struct wht_trial *trial);

#endif
