/* SPDX-License-Identifier: MIT */
/**
 * @file report_options.h
 * Option --report of the verbs that write reports.
 */
#ifndef WHVTRACE_CLI_REPORT_OPTIONS_H
#define WHVTRACE_CLI_REPORT_OPTIONS_H

#include "base/args.h"
#include "report/reports.h"

/** A --report, opened when the command line has been read. */
struct wht_wanted_report {
    const struct wht_format *format;
    /** NULL: standard output. */
    const char *path;
};

struct wht_wanted_reports {
    struct wht_wanted_report items[WHT_REPORTS_MAX];
    size_t count;
};

/** A row of options, of `struct wht_wanted_reports member`. */
#define WHT_REPORT_OPTION(state, member)                                                           \
    {                                                                                              \
        "report", 0, "FORMAT[=FILE]", "a report, once or several times; see below",                \
            WHT_TAKE_WORD(wht_take_report, state, member, wht_report_format_names)                 \
    }
wht_take_fn wht_take_report;

/**
 * Opens what is wanted, and the report for people unless another takes its place.
 * @return false after saying what is wrong.
 */
bool wht_wanted_reports_open(const char *verb, const struct wht_wanted_reports *wanted,
                             const struct wht_report_style *style, struct wht_reports *reports);

/** Adds the formats' names, each behind a blank. */
void wht_report_format_names(struct wht_text *words);

/** Adds what the help says of formats. */
void wht_report_formats_add(struct wht_text *text);

#endif
