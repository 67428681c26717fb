/* SPDX-License-Identifier: MIT */
/*
 * JUnit XML as build servers read it: a suite for each trace file. Its counts stand in the opening
 * tag and are known at its end, so room is left for them: white space is allowed there.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/str.h"
#include "report.h"

/* Enough for five attributes with 64-bit numbers. */
#define ROOM 160u

struct counts {
    uint64_t tests;
    uint64_t failures;
    uint64_t errors;
    uint64_t skipped;
    uint64_t micros;
};

struct junit {
    struct counts all;
    struct counts suite;
    fpos_t all_mark;
    fpos_t suite_mark;
    char *file; /* of the open suite; NULL: none is open */
};

static void add_room(struct wht_report *report, fpos_t *mark)
{
    wht_output_text(&report->output, &report->text);
    *mark = wht_output_mark(&report->output);
    wht_text_addf(&report->text, "%*s>\n", (int)ROOM, "");
    wht_output_text(&report->output, &report->text);
}

static void patch(struct wht_report *report, const fpos_t *mark, const struct counts *counts)
{
    struct wht_text text = {.text = NULL};
    wht_text_addf(&text,
                  " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64
                  "\" skipped=\"%" PRIu64 "\" time=\"%" PRIu64 ".%06" PRIu64 "\"",
                  counts->tests, counts->failures, counts->errors, counts->skipped,
                  counts->micros / 1000000, counts->micros % 1000000);
    wht_output_patch(&report->output, mark, wht_text_get(&text), text.size);
    wht_text_free(&text);
}

static void begin(struct wht_report *report, const struct wht_report_run *run)
{
    struct junit *junit = report->state;
    wht_text_add(&report->text,
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"whvtrace ");
    wht_escape_xml_attribute(&report->text, run->emulator);
    wht_text_add(&report->text, "\"");
    add_room(report, &junit->all_mark);
}

static void close_suite(struct wht_report *report)
{
    struct junit *junit = report->state;
    if (!junit->file)
        return;
    wht_text_add(&report->text, "  </testsuite>\n");
    wht_output_text(&report->output, &report->text);
    patch(report, &junit->suite_mark, &junit->suite);
    junit->all.tests += junit->suite.tests;
    junit->all.failures += junit->suite.failures;
    junit->all.errors += junit->suite.errors;
    junit->all.skipped += junit->suite.skipped;
    junit->all.micros += junit->suite.micros;
    junit->suite = (struct counts){0};
    free(junit->file);
    junit->file = NULL;
}

/* Opens the suite of a file, unless it is open. */
static void open_suite(struct wht_report *report, const char *file, const char *name, size_t size)
{
    struct junit *junit = report->state;
    struct wht_text words = {.text = NULL};
    if (junit->file && strcmp(junit->file, file) == 0)
        return;
    close_suite(report);
    junit->file = wht_copy_text(file);
    wht_text_add_bytes(&words, name, size);
    wht_text_add(&report->text, "  <testsuite name=\"");
    wht_escape_xml_attribute(&report->text, wht_text_get(&words));
    wht_text_add(&report->text, "\"");
    wht_text_free(&words);
    add_room(report, &junit->suite_mark);
}

/* "manual/mov/store.trace.json#id" is id in the class manual.mov.store: servers nest at dots. */
static void add_class(struct wht_text *text, const char *name, size_t size)
{
    struct wht_text words = {.text = NULL};
    size_t end = size;
    for (size_t i = 0; i + 6 <= size && end == size; i++)
        if (strncmp(name + i, ".trace", 6) == 0)
            end = i;
    wht_text_add_bytes(&words, name, end);
    for (size_t i = 0; i < words.size; i++)
        if (words.text[i] == '/')
            words.text[i] = '.';
    wht_escape_xml_attribute(text, wht_text_get(&words));
    wht_text_free(&words);
}

static void open_case(struct wht_text *text, const struct wht_report_case *result, size_t file_size)
{
    const char *id = result->name + file_size;
    wht_text_add(text, "    <testcase classname=\"");
    add_class(text, result->name, file_size);
    wht_text_add(text, "\" name=\"");
    wht_escape_xml_attribute(text, *id == '#' ? id + 1 : id);
    wht_text_add(text, "\" file=\"");
    wht_escape_xml_attribute(text, result->file);
    wht_text_addf(text, "\" line=\"%" PRIu64 "\" time=\"%" PRIu64 ".%06" PRIu64 "\"", result->line,
                  result->micros / 1000000, result->micros % 1000000);
}

static void add_failure(struct wht_report *report, const struct wht_report_case *result)
{
    struct junit *junit = report->state;
    struct wht_text *text = &report->text;
    struct wht_text plain = {.text = NULL};
    bool is_error = result->ending != WHT_ENDED_NORMALLY;
    const char *element = is_error ? "error" : "failure";
    if (is_error)
        junit->suite.errors++;
    else
        junit->suite.failures++;
    wht_text_addf(text, ">\n      <%s type=\"%s\" message=\"", element,
                  is_error ? wht_ending_name(result->ending) : "failure");
    wht_escape_xml_attribute(text, result->cause);
    wht_text_add(text, "\">");
    wht_text_add_uncoloured(&plain, result->block);
    wht_escape_xml(text, wht_text_get(&plain));
    wht_text_addf(text, "</%s>\n    </testcase>\n", element);
    wht_text_free(&plain);
}

static void add_skip(struct wht_report *report, const struct wht_report_case *result)
{
    struct junit *junit = report->state;
    struct wht_text *text = &report->text;
    junit->suite.skipped++;
    wht_text_add(text, ">\n      <skipped message=\"");
    if (result->outcome != WHT_OUTCOME_SKIPPED)
        wht_text_add(text, result->outcome == WHT_OUTCOME_KNOWN ? "known: " : "may fail: ");
    wht_escape_xml_attribute(text, result->reason);
    wht_text_add(text, "\"/>\n    </testcase>\n");
}

static void add_case(struct wht_report *report, const struct wht_report_case *result)
{
    struct junit *junit = report->state;
    /* Folders may hold a '#', ids may not. */
    const char *hash = strrchr(result->name, '#');
    size_t size = hash ? (size_t)(hash - result->name) : strlen(result->name);
    open_suite(report, result->file, result->name, size);
    junit->suite.tests++;
    junit->suite.micros += result->micros;
    open_case(&report->text, result, size);
    if (result->outcome == WHT_OUTCOME_PASSED)
        wht_text_add(&report->text, "/>\n");
    else if (result->outcome == WHT_OUTCOME_FAILED)
        add_failure(report, result);
    else
        add_skip(report, result);
    wht_output_text(&report->output, &report->text);
}

static void add_problem(struct wht_report *report, const struct wht_report_problem *problem)
{
    struct junit *junit = report->state;
    struct wht_text *text = &report->text;
    bool is_trace = problem->kind == WHT_PROBLEM_TRACE;
    open_suite(report, problem->file, problem->file, strlen(problem->file));
    junit->suite.tests++;
    junit->suite.errors++;
    wht_text_addf(text, "    <testcase classname=\"%s\" name=\"",
                  is_trace ? "invalid trace" : "stale expectation");
    wht_escape_xml_attribute(text, problem->file);
    wht_text_addf(text, ":%" PRIu64, problem->line);
    if (problem->column > 0)
        wht_text_addf(text, ":%" PRIu64, problem->column);
    wht_text_add(text, *problem->pointer ? " " : "");
    wht_escape_xml_attribute(text, problem->pointer);
    wht_text_add(text, "\" file=\"");
    wht_escape_xml_attribute(text, problem->file);
    wht_text_addf(text, "\" line=\"%" PRIu64 "\" time=\"0\">\n      <error type=\"%s\" message=\"",
                  problem->line, is_trace ? "invalid" : "stale");
    wht_escape_xml_attribute(text, problem->text);
    wht_text_add(text, "\"/>\n    </testcase>\n");
    wht_output_text(&report->output, text);
}

static void add_broken(struct wht_report *report, const struct wht_report_end *end)
{
    struct junit *junit = report->state;
    const char *how = wht_run_ending_name(end->ending);
    open_suite(report, "whvtrace", "whvtrace", 8);
    junit->suite.tests++;
    junit->suite.errors++;
    wht_text_addf(&report->text,
                  "    <testcase classname=\"whvtrace\" name=\"run\" time=\"0\">\n"
                  "      <error type=\"%s\" message=\"",
                  how);
    wht_escape_xml_attribute(&report->text, *end->message ? end->message : how);
    wht_text_add(&report->text, "\"/>\n    </testcase>\n");
}

static void end_report(struct wht_report *report, const struct wht_report_end *end,
                       const struct wht_summary *summary)
{
    struct junit *junit = report->state;
    struct wht_text remark = {.text = NULL};
    if (wht_summary_remark(&remark, summary) && junit->file) {
        wht_text_add(&report->text, "    <system-out>");
        wht_escape_xml(&report->text, wht_text_get(&remark));
        wht_text_add(&report->text, "</system-out>\n");
    }
    wht_text_free(&remark);
    if (*end->message || end->ending == WHT_RUN_INTERRUPTED)
        add_broken(report, end);
    close_suite(report);
    wht_text_add(&report->text, "</testsuites>\n");
    wht_output_text(&report->output, &report->text);
    patch(report, &junit->all_mark, &junit->all);
}

const struct wht_format wht_format_junit = {
    .name = "junit",
    .about = "JUnit XML",
    .mode = WHT_OUTPUT_PATCHED,
    .state_size = sizeof(struct junit),
    .begin = begin,
    .add_case = add_case,
    .add_problem = add_problem,
    .end = end_report,
};
