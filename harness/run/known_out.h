/* SPDX-License-Identifier: MIT */
/**
 * @file known_out.h
 * What fails in a run, written as an expectations file: with it the same run is green.
 */
#ifndef WHVTRACE_RUN_KNOWN_OUT_H
#define WHVTRACE_RUN_KNOWN_OUT_H

#include "base/map.h"
#include "base/outfile.h"
#include "base/text.h"
#include "report/event.h"

/** Zero-initialise; release with wht_known_out_close(). */
struct wht_known_out {
    /** NULL: none is wanted, and nothing happens. */
    const char *path;
    struct wht_outfile out;
    /** Of the first failure of each kind: 1 + where it begins in `causes`, by keys. */
    struct wht_map kinds;
    struct wht_text causes;
    struct wht_text line;
    bool has_entries;
};

/** Begins the file. @return false with a reason in out.error. */
bool wht_known_out_open(struct wht_known_out *known);

/** Writes an entry for a case that failed or was known to, in the order in which they come. */
void wht_known_out_add(struct wht_known_out *known, const struct wht_report_case *result);
/** Writes one for a case that an entry has skipped. */
void wht_known_out_skip(struct wht_known_out *known, const struct wht_report_case *result);

/** Ends the file. @param is_whole whether it is wanted. @return false with a reason in out.error.
 */
bool wht_known_out_close(struct wht_known_out *known, bool is_whole);

#endif
