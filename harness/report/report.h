/* SPDX-License-Identifier: MIT */
/**
 * @file report.h
 * A report in one format, fed event by event. Reports stream: what they keep does not grow with the
 * number of cases.
 *
 * A new format is a file with a `const struct wht_format`, an entry in reports.c, and a test.
 */
#ifndef WHVTRACE_REPORT_REPORT_H
#define WHVTRACE_REPORT_REPORT_H

#include "event.h"
#include "output.h"
#include "summary.h"

/** How much a report for people says, and in what colours. */
struct wht_report_style {
    bool colours;
    bool is_quiet;
    bool is_verbose;
};

struct wht_format;

/** An open report. */
struct wht_report {
    const struct wht_format *format;
    struct wht_report_style style;
    struct wht_output output;
    struct wht_text text; /**< for putting lines together; empty between events */
    void *state;          /**< of format->state_size bytes, zero at the beginning */
};

struct wht_format {
    const char *name;
    const char *about; /**< for the help */
    enum wht_output_mode mode;
    bool shares_output; /**< its lines may stand between those of another on standard output */
    bool wants_detail;  /**< failures must carry their JSON object */
    const char *file_variable; /**< environment variable that names its file; NULL: none */
    size_t state_size;
    void (*begin)(struct wht_report *report, const struct wht_report_run *run);
    void (*add_case)(struct wht_report *report, const struct wht_report_case *result);
    void (*add_problem)(struct wht_report *report, const struct wht_report_problem *problem);
    void (*end)(struct wht_report *report, const struct wht_report_end *end,
                const struct wht_summary *summary);
};

extern const struct wht_format wht_format_pretty;
extern const struct wht_format wht_format_tap;
extern const struct wht_format wht_format_junit;
extern const struct wht_format wht_format_json;
extern const struct wht_format wht_format_github;
extern const struct wht_format wht_format_markdown;
extern const struct wht_format wht_format_html;

#endif
