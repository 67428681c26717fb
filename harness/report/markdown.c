/* SPDX-License-Identifier: MIT */
/*
 * A page of Markdown, as the summary of a GitHub step or a comment: counts, then kinds of failures.
 */
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "header.h"
#include "report.h"
#include "words/names.h"

/* A step's summary may hold 1 MiB. */
#define ROWS_MAX   50u
#define BLOCKS_MAX 10u
#define BLOCK_MAX  20000u

static void add_counts(struct wht_text *text, const struct wht_summary *s)
{
    wht_text_add(text, "|");
    for (int i = 0; i < WHT_OUTCOME_COUNT; i++)
        wht_text_addf(text, " %s |", wht_outcome_text((enum wht_case_outcome)i));
    wht_text_add(text, " errors in files |\n|");
    for (int i = 0; i < WHT_OUTCOME_COUNT + 1; i++)
        wht_text_add(text, "---:|");
    wht_text_add(text, "\n|");
    for (int i = 0; i < WHT_OUTCOME_COUNT; i++)
        wht_text_addf(text, " %" PRIu64 " |", s->outcomes[i]);
    wht_text_addf(text, " %" PRIu64 " |\n\n",
                  s->problems[WHT_PROBLEM_TRACE] + s->problems[WHT_PROBLEM_EXPECTATION]);
    wht_text_add(text, "| level | judged | pass |\n|---|---:|---:|\n");
    for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--)
        wht_text_addf(text, "| %s | %" PRIu64 " | %" PRIu64 " |\n",
                      wht_match_name((enum wht_match)level), s->judged[level],
                      s->level_passed[level]);
}

static void add_rows(struct wht_text *text, const struct wht_groups *groups)
{
    uint64_t hidden = groups->left_out;
    wht_text_add(text, "\n| cases | instruction | cause | first |\n|---:|---|---|---|\n");
    for (size_t i = 0; i < groups->count; i++) {
        const struct wht_group *group = &groups->items[i];
        if (i >= ROWS_MAX) {
            hidden += group->count;
            continue;
        }
        wht_text_addf(text, "| %" PRIu64 " | ", group->count);
        wht_escape_markdown(text, group->mnemonics[0].name);
        wht_text_addf(text, "%s | ", group->mnemonic_count > 1 ? ", ..." : "");
        wht_escape_markdown(text, group->cause);
        wht_text_add(text, " | ");
        wht_escape_markdown(text, group->name);
        wht_text_add(text, " |\n");
    }
    if (hidden > 0)
        wht_text_addf(text, "\n%" PRIu64 " failures of other kinds are in the log.\n", hidden);
}

/* A fence longer than any run of backticks inside. */
static void add_fence(struct wht_text *text, const char *block)
{
    size_t longest = 2;
    for (const char *at = block; *at;) {
        size_t run = strspn(at, "`");
        longest = run > longest ? run : longest;
        at += run > 0 ? run : 1;
    }
    for (size_t i = 0; i <= longest; i++)
        wht_text_add(text, "`");
}

static void add_block(struct wht_text *text, const struct wht_group *group)
{
    struct wht_text block = {.text = NULL};
    wht_text_add_uncoloured(&block, group->block);
    if (block.size > BLOCK_MAX) {
        block.size = BLOCK_MAX;
        wht_text_add(&block, "...\n");
    }
    /* A block of HTML, in which nothing is Markdown. */
    wht_text_add(text, "\n<details><summary>");
    wht_escape_xml(text, group->name);
    wht_text_add(text, "</summary>\n\n");
    add_fence(text, wht_text_get(&block));
    wht_text_addf(text, "text\n%s", wht_text_get(&block));
    add_fence(text, wht_text_get(&block));
    wht_text_add(text, "\n\n</details>\n");
    wht_text_free(&block);
}

static void add_header_row(void *user, const char *label, const char *value)
{
    struct wht_text *text = user;
    wht_text_addf(text, "| %s | ", label);
    wht_escape_markdown(text, value);
    wht_text_add(text, " |\n");
}

static void add_header(struct wht_text *text, const struct wht_report_run *run)
{
    wht_text_add(text, "| run | |\n|---|---|\n");
    wht_header_rows(run, add_header_row, text);
    wht_text_add(text, "\n");
}

static void add_title(struct wht_text *text, const struct wht_report_end *end,
                      const struct wht_summary *s)
{
    wht_text_addf(text, "## whvtrace: %s", wht_summary_verdict(s, end));
    if (end->ending != WHT_RUN_DONE)
        wht_text_addf(text, " (%s)", wht_run_ending_name(end->ending));
    wht_text_add(text, "\n\n");
    if (*end->message) {
        wht_escape_markdown(text, end->message);
        wht_text_add(text, "\n\n");
    }
    wht_summary_counts(text, s);
    wht_text_addf(text, " (%.2f s)\n\n", end->seconds);
}

static void end_report(struct wht_report *report, const struct wht_report_end *end,
                       const struct wht_summary *summary)
{
    struct wht_text *text = &report->text;
    const struct wht_groups *groups = &summary->groups;
    struct wht_text remark = {.text = NULL};
    add_title(text, end, summary);
    if (wht_summary_remark(&remark, summary)) {
        wht_escape_markdown(text, wht_text_get(&remark));
        wht_text_add(text, "\n\n");
    }
    wht_text_free(&remark);
    add_header(text, report->run);
    add_counts(text, summary);
    if (groups->count > 0)
        add_rows(text, groups);
    for (size_t i = 0; i < groups->count && i < BLOCKS_MAX; i++)
        add_block(text, &groups->items[i]);
    wht_output_text(&report->output, text);
}

const struct wht_format wht_format_markdown = {
    .name = "markdown",
    .about = "a summary; without a file it goes to $GITHUB_STEP_SUMMARY",
    .mode = WHT_OUTPUT_APPENDED,
    .wants_header = true,
    .file_variable = "GITHUB_STEP_SUMMARY",
    .end = end_report,
};
