/* SPDX-License-Identifier: MIT */
/*
 * JSON, described by schemas/report-1.schema.json: one object, in which each result stands on a
 * line of its own, so that it can be read as a stream.
 */
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "report.h"
#include "words/names.h"

struct json {
    bool has_results;
};

/* Adds `"name": "value", `. */
static void add_member(struct wht_text *text, const char *name, const char *value)
{
    wht_text_addf(text, "\"%s\": ", name);
    wht_escape_json(text, value);
    wht_text_add(text, ", ");
}

static void begin(struct wht_report *report, const struct wht_report_run *run)
{
    struct wht_text *text = &report->text;
    wht_text_add(text, "{ \"format\": \"whv-report/1.1\", ");
    add_member(text, "version", run->version);
    add_member(text, "emulator", run->emulator);
    if (*run->emulator_version)
        add_member(text, "emulator_version", run->emulator_version);
    if (*run->emulator_digest)
        add_member(text, "emulator_sha256", run->emulator_digest);
    add_member(text, "system", run->system);
    add_member(text, "processor", run->processor);
    add_member(text, "date", run->date);
    if (*run->suite_digest)
        add_member(text, "suite_sha256", run->suite_digest);
    add_member(text, "match", wht_match_name(run->level));
    if (run->shard_count > 1)
        wht_text_addf(text, "\"shard\": { \"number\": %" PRIu64 ", \"of\": %" PRIu64 " }, ",
                      run->shard, run->shard_count);
    wht_text_add(text, "\"files\": [");
    for (uint64_t i = 0; i < run->suite_files; i++) {
        wht_text_add(text, i > 0 ? ", " : "");
        wht_escape_json(text, run->suite_paths[i]);
    }
    wht_text_add(text, "], \"results\": [");
    wht_output_text(&report->output, text);
}

static void begin_result(struct wht_report *report, const char *kind)
{
    struct json *json = report->state;
    wht_text_addf(&report->text, "%s\n{ ", json->has_results ? "," : "");
    add_member(&report->text, "kind", kind);
    json->has_results = true;
}

static void add_levels(struct wht_text *text, const struct wht_report_case *result)
{
    const char *separator = " ";
    wht_text_add(text, "\"levels\": {");
    for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--) {
        if (!(result->judged >> level & 1))
            continue;
        wht_text_addf(text, "%s\"%s\": %s", separator, wht_match_name((enum wht_match)level),
                      result->passed >> level & 1 ? "true" : "false");
        separator = ", ";
    }
    wht_text_add(text, " }, ");
}

/* Words that are joined by blanks, as a list. */
static void add_list(struct wht_text *text, const char *name, const char *words)
{
    const char *separator = "";
    if (!*words)
        return;
    wht_text_addf(text, "\"%s\": [", name);
    for (size_t size; *words; words += size + (words[size] == ' ')) {
        size = strcspn(words, " ");
        wht_text_addf(text, "%s\"%.*s\"", separator, (int)size, words);
        separator = ", ";
    }
    wht_text_add(text, "], ");
}

static void add_labels(struct wht_text *text, const struct wht_report_case *result)
{
    if (*result->family)
        add_member(text, "family", result->family);
    if (*result->mode)
        add_member(text, "mode", result->mode);
    add_list(text, "flags", result->flags);
    add_list(text, "status", result->status);
}

static void add_block(struct wht_text *text, const char *block)
{
    struct wht_text plain = {.text = NULL};
    if (!*block)
        return;
    wht_text_add_uncoloured(&plain, block);
    add_member(text, "block", wht_text_get(&plain));
    wht_text_free(&plain);
}

static void add_case(struct wht_report *report, const struct wht_report_case *result)
{
    struct wht_text *text = &report->text;
    begin_result(report, "case");
    add_member(text, "name", result->name);
    add_member(text, "file", result->file);
    wht_text_addf(text, "\"line\": %" PRIu64 ", ", result->line);
    add_member(text, "outcome", wht_outcome_name(result->outcome));
    if (*result->mnemonic)
        add_member(text, "mnemonic", result->mnemonic);
    add_labels(text, result);
    if (*result->reason)
        add_member(text, "reason", result->reason);
    if (result->outcome == WHT_OUTCOME_FAILED) {
        add_member(text, "cause", result->cause);
        add_member(text, "ending", wht_ending_name(result->ending));
        add_member(text, "group", result->key);
        add_block(text, result->block);
        if (result->is_explained)
            wht_text_add(text, "\"explained\": true, ");
    }
    if (*result->detail)
        wht_text_addf(text, "\"%s\": %s, ",
                      result->ending == WHT_ENDED_NORMALLY ? "detail" : "lost", result->detail);
    add_levels(text, result);
    wht_text_addf(text, "\"seconds\": %" PRIu64 ".%06" PRIu64 " }", result->micros / 1000000,
                  result->micros % 1000000);
    wht_output_text(&report->output, text);
}

static void add_problem(struct wht_report *report, const struct wht_report_problem *problem)
{
    struct wht_text *text = &report->text;
    begin_result(report, problem->kind == WHT_PROBLEM_TRACE ? "invalid" : "stale");
    add_member(text, "file", problem->file);
    wht_text_addf(text, "\"line\": %" PRIu64 ", \"column\": %" PRIu64 ", ", problem->line,
                  problem->column);
    add_member(text, "pointer", problem->pointer);
    if (problem->more > 0)
        wht_text_addf(text, "\"more\": %" PRIu64 ", ", problem->more);
    wht_text_add(text, "\"text\": ");
    wht_escape_json(text, problem->text);
    wht_text_add(text, " }");
    wht_output_text(&report->output, text);
}

static void end_report(struct wht_report *report, const struct wht_report_end *end,
                       const struct wht_summary *s)
{
    struct wht_text *text = &report->text;
    wht_text_add(text, "\n], \"summary\": { ");
    add_member(text, "verdict", wht_summary_verdict(s, end));
    add_member(text, "ending", wht_run_ending_name(end->ending));
    if (*end->message)
        add_member(text, "message", end->message);
    struct wht_text remark = {.text = NULL};
    if (wht_summary_remark(&remark, s)) {
        wht_text_add(text, "\"remarks\": [");
        wht_escape_json(text, wht_text_get(&remark));
        wht_text_add(text, "], ");
    }
    wht_text_free(&remark);
    wht_text_addf(text, "\"files\": %" PRIu64 ", \"cases\": %" PRIu64 ", ", s->files,
                  wht_summary_cases(s));
    for (int i = 0; i < WHT_OUTCOME_COUNT; i++)
        wht_text_addf(text, "\"%s\": %" PRIu64 ", ", wht_outcome_name((enum wht_case_outcome)i),
                      s->outcomes[i]);
    wht_text_addf(text, "\"invalid\": %" PRIu64 ", \"stale\": %" PRIu64 ", \"levels\": {",
                  s->problems[WHT_PROBLEM_TRACE], s->problems[WHT_PROBLEM_EXPECTATION]);
    for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--)
        wht_text_addf(text, " \"%s\": { \"judged\": %" PRIu64 ", \"passed\": %" PRIu64 " }%s",
                      wht_match_name((enum wht_match)level), s->judged[level],
                      s->level_passed[level], level > WHT_MATCH_EFFECTS ? "," : "");
    wht_text_addf(text, " }, \"seconds\": %.3f } }\n", end->seconds);
    wht_output_text(&report->output, text);
}

const struct wht_format wht_format_json = {
    .name = "json",
    .about = "JSON, see schemas/report-1.schema.json",
    .wants_detail = true,
    .wants_header = true,
    .wants_labels = true,
    .state_size = sizeof(struct json),
    .begin = begin,
    .add_case = add_case,
    .add_problem = add_problem,
    .end = end_report,
};
