/* SPDX-License-Identifier: MIT */
/*
 * One page of HTML that needs nothing else, also well-formed as XML. Cases are written as they
 * come; what is known only at the end stands last in the file and is shown first.
 */
#include <inttypes.h>

#include "base/escape.h"
#include "header.h"
#include "report.h"
#include "words/names.h"

/* More rows than anybody reads; a browser still takes them. */
#define ROWS_MAX 5000u

struct html {
    uint64_t rows;
    uint64_t left_out;
};

static const char head[] =
    "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
    "<meta charset=\"utf-8\"/>\n<title>whvtrace</title>\n<style>\n"
    "body { font: 15px/1.4 sans-serif; margin: 2em; display: flex; flex-direction: column; }\n"
    "#summary { order: -1; }\n"
    "table { border-collapse: collapse; margin: 1em 0; }\n"
    "td, th { border: 1px solid #8888; padding: 2px 8px; text-align: left; }\n"
    "td.n { text-align: right; }\n"
    "pre { background: #8882; padding: 1em; overflow: auto; }\n"
    ".failed { color: #b00020; }\n"
    ":root { color-scheme: light dark; }\n"
    "</style>\n</head>\n<body>\n<div id=\"cases\">\n<h2>Cases that did not simply pass</h2>\n"
    "<table>\n<tr><th>outcome</th><th>case</th><th>cause or reason</th></tr>\n";

static void begin(struct wht_report *report, const struct wht_report_run *run)
{
    (void)run;
    wht_text_add(&report->text, head);
    wht_output_text(&report->output, &report->text);
}

static void add_row(struct wht_report *report, const char *outcome, const char *name,
                    const char *words)
{
    struct html *html = report->state;
    struct wht_text *text = &report->text;
    if (html->rows == ROWS_MAX) {
        html->left_out++;
        return;
    }
    html->rows++;
    wht_text_addf(text, "<tr><td class=\"%s\">%s</td><td>", outcome, outcome);
    wht_escape_xml(text, name);
    wht_text_add(text, "</td><td>");
    wht_escape_xml(text, words);
    wht_text_add(text, "</td></tr>\n");
    wht_output_text(&report->output, text);
}

static void add_case(struct wht_report *report, const struct wht_report_case *result)
{
    if (result->outcome != WHT_OUTCOME_PASSED)
        add_row(report, wht_outcome_name(result->outcome), result->name,
                result->outcome == WHT_OUTCOME_FAILED ? result->cause : result->reason);
}

static void add_problem(struct wht_report *report, const struct wht_report_problem *problem)
{
    struct wht_text place = {.text = NULL};
    wht_text_addf(&place, "%s:%" PRIu64, problem->file, problem->line);
    if (problem->column > 0)
        wht_text_addf(&place, ":%" PRIu64, problem->column);
    add_row(report, problem->kind == WHT_PROBLEM_TRACE ? "invalid" : "stale", wht_text_get(&place),
            problem->text);
    wht_text_free(&place);
}

static void add_levels(struct wht_text *text, const struct wht_summary *s)
{
    wht_text_add(text, "<table>\n<tr><th>level</th><th>judged</th><th>pass</th></tr>\n");
    for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--)
        wht_text_addf(text,
                      "<tr><td>%s</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64
                      "</td></tr>\n",
                      wht_match_name((enum wht_match)level), s->judged[level],
                      s->level_passed[level]);
    wht_text_add(text, "</table>\n");
}

static void add_group(struct wht_text *text, const struct wht_group *group)
{
    struct wht_text plain = {.text = NULL};
    wht_text_addf(text, "<details><summary>%" PRIu64 " case%s: ", group->count,
                  group->count == 1 ? "" : "s");
    wht_escape_xml(text, group->cause);
    wht_text_add(text, "</summary>\n<pre>");
    wht_escape_xml(text, group->name);
    wht_text_add(text, "\n");
    wht_text_add_uncoloured(&plain, group->block);
    wht_escape_xml(text, wht_text_get(&plain));
    wht_text_add(text, "</pre>\n</details>\n");
    wht_text_free(&plain);
}

static void add_kinds(struct wht_report *report, const struct wht_groups *groups)
{
    struct wht_text *text = &report->text;
    if (groups->count > 0)
        wht_text_add(text, "<h2>Kinds of failure</h2>\n");
    for (size_t i = 0; i < groups->count; i++) {
        add_group(text, &groups->items[i]);
        wht_output_text(&report->output, text);
    }
    if (groups->left_out > 0)
        wht_text_addf(text, "<p>%" PRIu64 " failures of other kinds</p>\n", groups->left_out);
}

static void add_header_row(void *user, const char *label, const char *value)
{
    struct wht_text *text = user;
    wht_text_addf(text, "<tr><th>%s</th><td>", label);
    wht_escape_xml(text, value);
    wht_text_add(text, "</td></tr>\n");
}

static void end_report(struct wht_report *report, const struct wht_report_end *end,
                       const struct wht_summary *summary)
{
    const struct html *html = report->state;
    struct wht_text *text = &report->text;
    wht_text_add(text, "</table>\n");
    if (html->left_out > 0)
        wht_text_addf(text, "<p>and %" PRIu64 " more</p>\n", html->left_out);
    wht_text_addf(text, "</div>\n<div id=\"summary\">\n<h1>whvtrace: %s</h1>\n<table>\n",
                  wht_summary_verdict(summary, end));
    wht_header_rows(report->run, add_header_row, text);
    wht_text_add(text, "</table>\n<p>");
    wht_summary_counts(text, summary);
    wht_text_addf(text, " (%.2f s)</p>\n", end->seconds);
    if (end->ending != WHT_RUN_DONE)
        wht_text_addf(text, "<p class=\"failed\">%s</p>\n", wht_run_ending_name(end->ending));
    if (*end->message) {
        wht_text_add(text, "<p class=\"failed\">");
        wht_escape_xml(text, end->message);
        wht_text_add(text, "</p>\n");
    }
    struct wht_text remark = {.text = NULL};
    if (wht_summary_remark(&remark, summary)) {
        wht_text_add(text, "<p>");
        wht_escape_xml(text, wht_text_get(&remark));
        wht_text_add(text, "</p>\n");
    }
    wht_text_free(&remark);
    add_levels(text, summary);
    add_kinds(report, &summary->groups);
    wht_text_add(text, "</div>\n</body>\n</html>\n");
    wht_output_text(&report->output, text);
}

const struct wht_format wht_format_html = {
    .name = "html",
    .about = "a page that needs nothing else",
    .wants_header = true,
    .wants_labels = true,
    .state_size = sizeof(struct html),
    .begin = begin,
    .add_case = add_case,
    .add_problem = add_problem,
    .end = end_report,
};
