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
    /** Tables of families and instructions at the end. */
    bool has_scores;
};

struct wht_format;

/** An open report. */
struct wht_report {
    const struct wht_format *format;
    /** From its beginning to its end. */
    const struct wht_report_run *run;
    struct wht_report_style style;
    struct wht_output output;
    /** For putting lines together; empty between events. */
    struct wht_text text;
    /** Of format->state_size bytes, zero at the beginning. */
    void *state;
};

struct wht_format {
    const char *name;
    /** For the help. */
    const char *about;
    enum wht_output_mode mode;
    /** Its lines may stand between those of another on standard output. */
    bool shares_output;
    /** Failures must carry their JSON object. */
    bool wants_detail;
    /** Cases must carry their labels. */
    bool wants_labels;
    /** It says what ran where: the run must carry its digests. */
    bool wants_header;
    /** Environment variable that names its file; NULL: none. */
    const char *file_variable;
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
