/* SPDX-License-Identifier: MIT */
/*
 * Workflow commands that GitHub shows beside the lines of a change. It shows ten errors of a step
 * and drops the rest, so kinds of failures are told, not failures; the largest first.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "report.h"

#define ERRORS_MAX 10u
/* Places in a message are few; what counts is at its start. */
#define MESSAGE_MAX 3000u

struct github {
    uint64_t errors; /* told so far, of files */
};

/* Paths must be relative to the repository. */
static const char *in_repository(const char *file)
{
    const char *workspace = getenv("GITHUB_WORKSPACE");
    size_t size = workspace ? strlen(workspace) : 0;
    if (size > 0 && strncmp(file, workspace, size) == 0 && file[size] == '/')
        file += size + 1;
    while (strncmp(file, "./", 2) == 0)
        file += 2;
    return file;
}

static void begin_error(struct wht_text *text, const char *file, uint64_t line, uint64_t column,
                        const char *title)
{
    wht_text_add(text, "::error file=");
    wht_escape_github_property(text, in_repository(file));
    if (line > 0)
        wht_text_addf(text, ",line=%" PRIu64, line);
    if (column > 0)
        wht_text_addf(text, ",col=%" PRIu64, column);
    wht_text_add(text, ",title=");
    wht_escape_github_property(text, title);
    wht_text_add(text, "::");
}

static void add_problem(struct wht_report *report, const struct wht_report_problem *problem)
{
    struct github *github = report->state;
    struct wht_text *text = &report->text;
    if (github->errors == ERRORS_MAX / 2)
        return;
    github->errors++;
    begin_error(text, problem->file, problem->line, problem->column,
                problem->kind == WHT_PROBLEM_TRACE ? "invalid trace" : "stale expectation");
    wht_escape_github(text, problem->pointer);
    wht_text_add(text, *problem->pointer ? ": " : "");
    wht_escape_github(text, problem->text);
    wht_text_add(text, "\n");
    wht_output_text(&report->output, text);
}

static void add_group(struct wht_text *text, const struct wht_group *group)
{
    struct wht_text message = {.text = NULL};
    begin_error(text, group->file, group->line, 0, group->cause);
    wht_text_addf(&message, "%s\n", group->name);
    wht_text_add_uncoloured(&message, group->block);
    if (message.size > MESSAGE_MAX) {
        message.size = MESSAGE_MAX;
        wht_text_add(&message, "...\n");
    }
    if (group->count > 1)
        wht_text_addf(&message, "\nand %" PRIu64 " more like this\n", group->count - 1);
    wht_escape_github(text, wht_text_get(&message));
    wht_text_add(text, "\n");
    wht_text_free(&message);
}

static void add_rest(struct wht_report *report, const struct wht_summary *summary, size_t told)
{
    struct github *github = report->state;
    const struct wht_groups *groups = &summary->groups;
    uint64_t problems =
        summary->problems[WHT_PROBLEM_TRACE] + summary->problems[WHT_PROBLEM_EXPECTATION];
    uint64_t failures = groups->left_out;
    for (size_t i = told; i < groups->count; i++)
        failures += groups->items[i].count;
    if (failures == 0 && problems == github->errors)
        return;
    wht_text_addf(&report->text,
                  "::error title=whvtrace::not annotated: %" PRIu64 " failures of other kinds, "
                  "%" PRIu64 " errors in files; see the log\n",
                  failures, problems - github->errors);
}

static void end_report(struct wht_report *report, const struct wht_report_end *end,
                       const struct wht_summary *summary)
{
    struct github *github = report->state;
    struct wht_text *text = &report->text;
    const struct wht_groups *groups = &summary->groups;
    size_t room = ERRORS_MAX - 1 - github->errors;
    size_t told = groups->count < room ? groups->count : room;
    for (size_t i = 0; i < told; i++)
        add_group(text, &groups->items[i]);
    add_rest(report, summary, told);
    if (*end->message) {
        wht_text_add(text, "::error title=whvtrace::");
        wht_escape_github(text, end->message);
        wht_text_add(text, "\n");
    }
    struct wht_text remark = {.text = NULL};
    if (wht_summary_remark(&remark, summary)) {
        wht_text_add(text, "::warning title=whvtrace::");
        wht_escape_github(text, wht_text_get(&remark));
        wht_text_add(text, "\n");
    }
    wht_text_free(&remark);
    wht_output_text(&report->output, text);
}

const struct wht_format wht_format_github = {
    .name = "github",
    .about = "annotations of a GitHub workflow, beside the report for people",
    .shares_output = true,
    .state_size = sizeof(struct github),
    .add_problem = add_problem,
    .end = end_report,
};
