/* SPDX-License-Identifier: MIT */
/**
 * @file tally.h
 * Decides what each result of a run means, counts it, and tells the reports.
 */
#ifndef WHVTRACE_RUN_TALLY_H
#define WHVTRACE_RUN_TALLY_H

#include "frame.h"
#include "known.h"
#include "known_out.h"
#include "report/reports.h"

/** Zero-initialise; release with wht_tally_free(). */
struct wht_tally {
    struct wht_known known;
    struct wht_summary summary;
    struct wht_reports reports;
    /** Receives what fails, if it is wanted. */
    struct wht_known_out known_out;
};

/** Takes a result. @return what it means. */
enum wht_case_outcome wht_tally_case(struct wht_tally *tally, const struct wht_case_frame *result);

/** Takes an error of a trace file. */
void wht_tally_error(struct wht_tally *tally, const struct wht_error *error);

/**
 * Takes the entries of expectations files that match nothing, although all that they mean was run.
 * @param paths what was run; empty: everything.
 */
void wht_tally_stale(struct wht_tally *tally, const struct wht_words *paths);

/** Ends the reports. */
void wht_tally_end(struct wht_tally *tally, const struct wht_report_end *end);

/** Releases all but the reports, which are to be closed. */
void wht_tally_free(struct wht_tally *tally);

#endif
