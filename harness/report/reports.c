/* SPDX-License-Identifier: MIT */
#include "reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

const struct wht_format *const wht_formats[] = {
    &wht_format_pretty, &wht_format_tap,      &wht_format_junit, &wht_format_json,
    &wht_format_github, &wht_format_markdown, &wht_format_html,  NULL,
};

const struct wht_format *wht_format_find(const char *name, size_t size)
{
    for (size_t i = 0; wht_formats[i]; i++)
        if (strlen(wht_formats[i]->name) == size && memcmp(wht_formats[i]->name, name, size) == 0)
            return wht_formats[i];
    return NULL;
}

bool wht_reports_open(struct wht_reports *reports, const struct wht_format *format,
                      const char *path, const struct wht_report_style *style, char *error, size_t n)
{
    if (reports->count == WHT_REPORTS_MAX) {
        snprintf(error, n, "more than %d reports", WHT_REPORTS_MAX);
        return false;
    }
    struct wht_report *report = &reports->items[reports->count];
    const char *variable = format->file_variable ? getenv(format->file_variable) : NULL;
    if (!path && variable && *variable)
        path = variable;
    *report = (struct wht_report){.format = format, .style = *style};
    if (!wht_output_open(&report->output, path, format->mode)) {
        const struct wht_outfile *out = &report->output.out;
        snprintf(error, n, out->is_in_use ? "'%s' %s" : "%s: %s", path ? path : "standard output",
                 out->error);
        return false;
    }
    report->state = wht_allocate(1, format->state_size + 1);
    if (path)
        report->style.colours = false;
    reports->count++;
    return true;
}

static bool owns_stdout(const struct wht_report *report)
{
    return !report->output.path && !report->format->shares_output;
}

const struct wht_format *wht_reports_conflict(const struct wht_reports *reports)
{
    size_t owners = 0;
    for (size_t i = 0; i < reports->count; i++)
        if (owns_stdout(&reports->items[i]) && owners++ > 0)
            return reports->items[i].format;
    return NULL;
}

bool wht_reports_own_stdout(const struct wht_reports *reports)
{
    for (size_t i = 0; i < reports->count; i++)
        if (owns_stdout(&reports->items[i]))
            return true;
    return false;
}

bool wht_reports_have_file(const struct wht_reports *reports)
{
    for (size_t i = 0; i < reports->count; i++)
        if (reports->items[i].output.path)
            return true;
    return false;
}

bool wht_reports_arrive(const struct wht_reports *reports)
{
    for (size_t i = 0; i < reports->count; i++)
        if (reports->items[i].output.error == 0)
            return true;
    return false;
}

bool wht_reports_want_detail(const struct wht_reports *reports)
{
    for (size_t i = 0; i < reports->count; i++)
        if (reports->items[i].format->wants_detail)
            return true;
    return false;
}

bool wht_reports_want_labels(const struct wht_reports *reports)
{
    for (size_t i = 0; i < reports->count; i++)
        if (reports->items[i].format->wants_labels ||
            (reports->items[i].style.has_scores && !reports->items[i].style.is_quiet))
            return true;
    return false;
}

bool wht_reports_want_header(const struct wht_reports *reports)
{
    for (size_t i = 0; i < reports->count; i++)
        if (reports->items[i].format->wants_header)
            return true;
    return false;
}

void wht_reports_begin(struct wht_reports *reports, const struct wht_report_run *run)
{
    for (size_t i = 0; i < reports->count; i++) {
        reports->items[i].run = run;
        if (reports->items[i].format->begin)
            reports->items[i].format->begin(&reports->items[i], run);
    }
}

void wht_reports_case(struct wht_reports *reports, const struct wht_report_case *result)
{
    for (size_t i = 0; i < reports->count; i++)
        if (reports->items[i].format->add_case)
            reports->items[i].format->add_case(&reports->items[i], result);
}

void wht_reports_problem(struct wht_reports *reports, const struct wht_report_problem *problem)
{
    for (size_t i = 0; i < reports->count; i++)
        if (reports->items[i].format->add_problem)
            reports->items[i].format->add_problem(&reports->items[i], problem);
}

void wht_reports_end(struct wht_reports *reports, const struct wht_report_end *end,
                     const struct wht_summary *summary)
{
    reports->has_ended = true;
    for (size_t i = 0; i < reports->count; i++) {
        struct wht_report *report = &reports->items[i];
        report->format->end(report, end, summary);
        /* So that reports that share a stream come one after the other. */
        wht_output_flush(&report->output);
    }
}

bool wht_reports_close(struct wht_reports *reports, void (*on_error)(const char *message))
{
    bool is_good = true;
    for (size_t i = 0; i < reports->count; i++) {
        struct wht_report *report = &reports->items[i];
        int error = wht_output_close(&report->output, reports->has_ended);
        bool is_broken_pipe = error == EPIPE && !report->output.path;
        if (is_broken_pipe) {
            is_good = false; /* its reader has what it wants */
        } else if (error != 0) {
            struct wht_text text = {.text = NULL};
            wht_text_addf(&text, "the %s report could not be written to ", report->format->name);
            wht_text_add_clean(&text,
                               report->output.path ? report->output.path : "standard output");
            wht_text_addf(&text, ": %s", strerror(error));
            on_error(wht_text_get(&text));
            wht_text_free(&text);
            is_good = false;
        }
        wht_text_free(&report->text);
        free(report->state);
    }
    reports->count = 0;
    return is_good;
}
