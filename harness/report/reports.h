/* SPDX-License-Identifier: MIT */
/**
 * @file reports.h
 * The reports of a run: any number of formats at once, each to its own place.
 */
#ifndef WHVTRACE_REPORT_REPORTS_H
#define WHVTRACE_REPORT_REPORTS_H

#include "report.h"

#define WHT_REPORTS_MAX 16

/** Zero-initialise; release with wht_reports_close(). */
struct wht_reports {
    struct wht_report items[WHT_REPORTS_MAX];
    size_t count;
    /** wht_reports_end() was called. */
    bool has_ended;
};

/** All formats; ends with NULL. */
extern const struct wht_format *const wht_formats[];

/** @return the format of that name (size bytes long), or NULL. */
const struct wht_format *wht_format_find(const char *name, size_t size);

/**
 * Opens a report.
 * @param path must outlive the reports; NULL for standard output, or for the file that the format's
 *             variable names.
 * @param error receives a message of up to `n` bytes.
 * @return false if it cannot be opened.
 */
bool wht_reports_open(struct wht_reports *reports, const struct wht_format *format,
                      const char *path, const struct wht_report_style *style, char *error,
                      size_t n);

/** @return a format that would have to share standard output with another but cannot; or NULL. */
const struct wht_format *wht_reports_conflict(const struct wht_reports *reports);
/** @return whether a report of its own kind goes to standard output. */
bool wht_reports_own_stdout(const struct wht_reports *reports);
/** @return whether any report goes to a file. */
bool wht_reports_have_file(const struct wht_reports *reports);
/** @return whether any report could be written so far. */
bool wht_reports_arrive(const struct wht_reports *reports);
/** @return whether failures must carry their details. */
bool wht_reports_want_detail(const struct wht_reports *reports);

/** @return whether cases must carry their labels. */
bool wht_reports_want_labels(const struct wht_reports *reports);
/** @return whether the run must carry its digests. */
bool wht_reports_want_header(const struct wht_reports *reports);

/** @param run must live until the reports' end. */
void wht_reports_begin(struct wht_reports *reports, const struct wht_report_run *run);
void wht_reports_case(struct wht_reports *reports, const struct wht_report_case *result);
void wht_reports_problem(struct wht_reports *reports, const struct wht_report_problem *problem);
void wht_reports_end(struct wht_reports *reports, const struct wht_report_end *end,
                     const struct wht_summary *summary);

/**
 * Closes and releases all. Files take their places if the reports have come to their end and were
 * written whole; otherwise what stood there stays. Of a pipe whose reader is gone nothing is said.
 * @param on_error called for each that could not be written, with a message.
 * @return whether every report was written.
 */
bool wht_reports_close(struct wht_reports *reports, void (*on_error)(const char *message));

#endif
