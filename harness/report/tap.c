/* SPDX-License-Identifier: MIT */
/* Test Anything Protocol, version 13: Perl's prove knows no other. */
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "report.h"

/* TAP's word for a test that may fail. */
static const char known_failure[] = "TODO";

struct tap {
    uint64_t count;
};

static void begin(struct wht_report *report, const struct wht_report_run *run)
{
    (void)run;
    wht_text_add(&report->text, "TAP version 13\n");
    wht_output_text(&report->output, &report->text);
}

static void add_point(struct wht_report *report, bool is_ok, const char *description)
{
    struct tap *tap = report->state;
    wht_text_addf(&report->text, "%s %" PRIu64 " - ", is_ok ? "ok" : "not ok", ++tap->count);
    wht_escape_tap(&report->text, description);
}

static void add_directive(struct wht_text *text, const char *directive, const char *reason)
{
    wht_text_addf(text, " # %s ", directive);
    wht_escape_tap(text, reason);
}

/* A literal block: every line indented, as it is otherwise. Empty ones are left out: some readers
   stop there. */
static void add_block(struct wht_text *text, const char *block)
{
    struct wht_text plain = {.text = NULL};
    wht_text_add_uncoloured(&plain, block);
    wht_text_add(text, "  report: |\n");
    for (const char *line = wht_text_get(&plain); *line;) {
        size_t size = strcspn(line, "\n");
        if (size > 0) {
            wht_text_add(text, "    ");
            wht_text_add_bytes(text, line, size);
            wht_text_add(text, "\n");
        }
        line += size + (line[size] == '\n');
    }
    wht_text_free(&plain);
}

static void add_diagnosis(struct wht_text *text, const struct wht_report_case *result)
{
    wht_text_add(text, "\n  ---\n  message: ");
    wht_escape_json(text, result->cause);
    wht_text_addf(text, "\n  ending: %s\n  file: ", wht_ending_name(result->ending));
    wht_escape_json(text, result->file);
    wht_text_addf(text, "\n  line: %" PRIu64 "\n", result->line);
    if (*result->block)
        add_block(text, result->block);
    wht_text_add(text, "  ...");
}

static void add_case(struct wht_report *report, const struct wht_report_case *result)
{
    struct wht_text *text = &report->text;
    bool is_ok = result->outcome == WHT_OUTCOME_PASSED || result->outcome == WHT_OUTCOME_SKIPPED;
    add_point(report, is_ok, result->name);
    if (result->outcome == WHT_OUTCOME_SKIPPED)
        add_directive(text, "SKIP", result->reason);
    else if (result->outcome == WHT_OUTCOME_KNOWN || result->outcome == WHT_OUTCOME_MAY)
        add_directive(text, known_failure, result->reason);
    else if (result->outcome == WHT_OUTCOME_FAILED)
        add_diagnosis(text, result);
    wht_text_add(text, "\n");
    wht_output_text(&report->output, text);
}

static void add_problem(struct wht_report *report, const struct wht_report_problem *problem)
{
    struct wht_text words = {.text = NULL};
    wht_text_addf(&words, "%s:%" PRIu64, problem->file, problem->line);
    if (problem->column > 0)
        wht_text_addf(&words, ":%" PRIu64, problem->column);
    wht_text_addf(&words, ": %s%s%s", problem->pointer, *problem->pointer ? ": " : "",
                  problem->text);
    add_point(report, false, wht_text_get(&words));
    wht_text_add(&report->text, "\n");
    wht_output_text(&report->output, &report->text);
    wht_text_free(&words);
}

static void end_report(struct wht_report *report, const struct wht_report_end *end,
                       const struct wht_summary *summary)
{
    const struct tap *tap = report->state;
    struct wht_text *text = &report->text;
    struct wht_text remark = {.text = NULL};
    if (wht_summary_remark(&remark, summary))
        wht_text_addf(text, "# %s\n", wht_text_get(&remark));
    wht_text_free(&remark);
    if (*end->message || end->ending == WHT_RUN_INTERRUPTED) {
        wht_text_add(text, "Bail out! ");
        wht_escape_tap(text, *end->message ? end->message : "interrupted");
        wht_text_add(text, "\n");
    } else {
        wht_text_addf(text, "1..%" PRIu64 "%s\n", tap->count,
                      tap->count == 0 ? " # SKIP no case was selected" : "");
    }
    wht_output_text(&report->output, text);
}

const struct wht_format wht_format_tap = {
    .name = "tap",
    .about = "Test Anything Protocol, version 13",
    .state_size = sizeof(struct tap),
    .begin = begin,
    .add_case = add_case,
    .add_problem = add_problem,
    .end = end_report,
};
