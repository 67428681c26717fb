/* SPDX-License-Identifier: MIT */
/*
 * One page of HTML that needs nothing else, also well-formed as XML. Cases are written as they
 * come, as data (page_data.h) that the page's script shows; the summary stands behind them and
 * needs no script. What it counts leads to the cases: data-filter says to which.
 */
#include <inttypes.h>

#include "base/escape.h"
#include "header.h"
#include "page.h"
#include "page_data.h"
#include "report.h"
#include "words/name_lists.h"
#include "words/names.h"

static void begin(struct wht_report *report, const struct wht_report_run *run)
{
    struct wht_output *output = &report->output;
    struct wht_text *text = &report->text;
    (void)run;
    wht_text_add(text,
                 "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n"
                 "<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" "
                 "content=\"width=device-width, initial-scale=1\"/>\n<title>whvtrace</title>\n"
                 "<style>\n");
    wht_output_text(output, text);
    wht_output_write(output, wht_page_style, wht_page_style_size);
    wht_text_add(text, "</style>\n</head>\n<body>\n"
                       "<script type=\"application/json\" id=\"data\">[");
    wht_output_text(output, text);
}

static void add_case(struct wht_report *report, const struct wht_report_case *result)
{
    if (result->outcome == WHT_OUTCOME_PASSED)
        return;
    wht_page_case(report->state, &report->text, result);
    wht_output_text(&report->output, &report->text);
}

static void add_problem(struct wht_report *report, const struct wht_report_problem *problem)
{
    wht_page_problem(report->state, &report->text, problem);
    wht_output_text(&report->output, &report->text);
}

/* Begins a cell with a count; one that leads somewhere is to be ended by its filter. */
static void add_count(struct wht_text *text, uint64_t count, const char *more, const char *field,
                      const char *value, const char *name)
{
    if (count == 0) {
        wht_text_addf(text, "<td class=\"n zero\">0%s</td>", more);
        return;
    }
    wht_text_addf(text, "<td class=\"n\"><span data-filter=\"%s=", field);
    wht_escape_xml_attribute(text, value);
    wht_text_addf(text, "%s\">%" PRIu64 "</span>%s</td>", name, count, more);
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

static void add_family(struct wht_text *text, const struct wht_score *score)
{
    char filter[64], more[64];
    wht_text_add(text, "<tr><th>");
    wht_escape_xml(text, score->name);
    wht_text_addf(text, "</th><td class=\"n\">%" PRIu64 "</td>",
                  score->outcomes[WHT_OUTCOME_PASSED]);
    for (int i = WHT_OUTCOME_PASSED + 1; i < WHT_OUTCOME_COUNT; i++) {
        snprintf(filter, sizeof(filter), "&amp;outcome=%s",
                 wht_outcome_name((enum wht_case_outcome)i));
        add_count(text, score->outcomes[i], "", "family", score->name, filter);
    }
    for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--) {
        snprintf(filter, sizeof(filter), "&amp;level=%s", wht_match_name((enum wht_match)level));
        snprintf(more, sizeof(more), " of %" PRIu64, score->judged[level]);
        if (score->judged[level] == 0)
            wht_text_add(text, "<td class=\"n zero\">-</td>");
        else
            add_count(text, score->judged[level] - score->level_passed[level], more, "family",
                      score->name, filter);
    }
    wht_text_add(text, "</tr>\n");
}

static void add_families(struct wht_report *report, const struct wht_scores *families)
{
    struct wht_text *text = &report->text;
    if (families->count == 0)
        return;
    wht_text_add(text, "<h2>Families</h2>\n<div class=\"wide\"><table id=\"families\">\n"
                       "<thead><tr><th>family</th>");
    for (int i = 0; i < WHT_OUTCOME_COUNT; i++)
        wht_text_addf(text, "<th>%s</th>", wht_outcome_name((enum wht_case_outcome)i));
    for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--)
        wht_text_addf(text, "<th>fail at %s</th>", wht_match_name((enum wht_match)level));
    wht_text_add(text, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < families->count; i++)
        add_family(text, &families->items[i]);
    wht_text_add(text, "</tbody></table></div>\n");
    wht_output_text(&report->output, text);
}

static void add_instruction(struct wht_text *text, const struct wht_score *score)
{
    char filter[64], more[64];
    wht_text_add(text, "<tr><th>");
    wht_escape_xml(text, score->name);
    wht_text_addf(text, "</th><td class=\"n\">%u.%u%%</td>", wht_score_permille(score) / 10,
                  wht_score_permille(score) % 10);
    for (int mode = 0; mode < WHT_MODES; mode++) {
        snprintf(filter, sizeof(filter), "&amp;mode=%s&amp;ran=yes", wht_mode_names[mode]);
        snprintf(more, sizeof(more), " of %" PRIu64, score->mode_cases[mode]);
        if (score->mode_cases[mode] == 0)
            wht_text_add(text, "<td class=\"n zero\">-</td>");
        else
            add_count(text, score->mode_failed[mode], more, "instruction", score->name, filter);
    }
    wht_text_add(text, "</tr>\n");
}

/* Instructions whose cases all pass are named alone. */
static void add_instructions(struct wht_report *report, const struct wht_scores *all)
{
    struct wht_text *text = &report->text;
    size_t low = 0;
    while (low < all->count && wht_score_permille(&all->items[low]) < 1000)
        low++;
    if (low > 0) {
        wht_text_add(text,
                     "<h2>Instructions</h2>\n<p>Of each mode how many cases did not pass.</p>\n"
                     "<div class=\"wide\"><table id=\"instructions\">\n"
                     "<thead><tr><th>instruction</th><th>pass</th>");
        for (int mode = 0; mode < WHT_MODES; mode++)
            wht_text_addf(text, "<th>%s</th>", wht_mode_names[mode]);
        wht_text_add(text, "</tr></thead>\n<tbody>\n");
        for (size_t i = 0; i < low; i++)
            add_instruction(text, &all->items[i]);
        wht_text_add(text, "</tbody></table></div>\n");
    }
    if (low < all->count)
        wht_text_addf(text, "<p>%zu instruction%s of which every case passes:", all->count - low,
                      all->count - low == 1 ? "" : "s");
    for (size_t i = low; i < all->count; i++) {
        wht_text_add(text, " ");
        wht_escape_xml(text, all->items[i].name);
    }
    wht_text_add(text, low < all->count ? "</p>\n" : "");
    wht_output_text(&report->output, text);
}

static void add_group(struct wht_text *text, const struct wht_group *group)
{
    struct wht_text plain = {.text = NULL}, key = {.text = NULL};
    for (const char *at = group->key; *at; at++)
        wht_text_addf(&key, "%%%02X", (unsigned)(unsigned char)*at);
    wht_text_add(text, "<details><summary>");
    wht_text_addf(text,
                  "<span data-filter=\"kind=%s\">%" PRIu64 " case%s</span>: ", wht_text_get(&key),
                  group->count, group->count == 1 ? "" : "s");
    wht_escape_xml(text, group->cause);
    wht_text_add(text, "</summary>\n<pre>");
    wht_escape_xml(text, group->name);
    wht_text_add(text, "\n");
    wht_text_add_uncoloured(&plain, group->block);
    wht_escape_xml(text, wht_text_get(&plain));
    wht_text_add(text, "</pre>\n</details>\n");
    wht_text_free(&plain);
    wht_text_free(&key);
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

static void add_words(struct wht_text *text, const char *name, const char *words)
{
    if (!*words)
        return;
    wht_text_addf(text, "<p class=\"%s\">", name);
    wht_escape_xml(text, words);
    wht_text_add(text, "</p>\n");
}

static void add_summary(struct wht_report *report, const struct wht_report_end *end,
                        const struct wht_summary *summary)
{
    struct wht_text *text = &report->text;
    struct wht_text remark = {.text = NULL};
    const char *verdict = wht_summary_verdict(summary, end);
    wht_text_addf(text,
                  "<h1>whvtrace: <span class=\"%s\">%s</span></h1>\n<table class=\"about\">\n",
                  verdict, verdict);
    wht_header_rows(report->run, add_header_row, text);
    wht_text_add(text, "</table>\n<p>");
    wht_summary_counts(text, summary);
    wht_text_addf(text, " (%.2f s)</p>\n", end->seconds);
    if (end->ending != WHT_RUN_DONE)
        add_words(text, "failed", wht_run_ending_name(end->ending));
    add_words(text, "failed", end->message);
    if (wht_summary_remark(&remark, summary))
        add_words(text, "remark", wht_text_get(&remark));
    wht_text_free(&remark);
    add_levels(text, summary);
}

static void end_report(struct wht_report *report, const struct wht_report_end *end,
                       const struct wht_summary *summary)
{
    struct wht_page_data *data = report->state;
    struct wht_text *text = &report->text;
    wht_text_add(text, "\n]</script>\n<div id=\"summary\">\n");
    add_summary(report, end, summary);
    add_families(report, &summary->families);
    add_instructions(report, &summary->instructions);
    add_kinds(report, &summary->groups);
    wht_text_add(text, "</div>\n<div id=\"cases\">\n<h2>Cases that did not simply pass</h2>\n"
                       "<noscript><p>A script lists them here, from data within this page.</p>"
                       "</noscript>\n");
    if (data->left_out > 0)
        wht_text_addf(text, "<p>The first %u; %" PRIu64 " more are left out.</p>\n", WHT_PAGE_CASES,
                      data->left_out);
    if (data->blocks > WHT_PAGE_BLOCKS)
        wht_text_addf(text, "<p>The first %u failures are told in full.</p>\n", WHT_PAGE_BLOCKS);
    wht_text_add(text, "</div>\n<script>//<![CDATA[\n");
    wht_output_text(&report->output, text);
    wht_output_write(&report->output, wht_page_script, wht_page_script_size);
    wht_text_add(text, "//]]></script>\n</body>\n</html>\n");
    wht_output_text(&report->output, text);
    wht_page_data_free(data);
}

const struct wht_format wht_format_html = {
    .name = "html",
    .about = "a page that needs nothing else",
    .wants_header = true,
    .wants_labels = true,
    .state_size = sizeof(struct wht_page_data),
    .begin = begin,
    .add_case = add_case,
    .add_problem = add_problem,
    .end = end_report,
};
