/* SPDX-License-Identifier: MIT */
/*
 * Every report is read twice: first whether all of them are whole and belong together, then side by
 * side, so that what comes of them is in the order of files and cases.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/outfile.h"
#include "base/platform.h"
#include "base/str.h"
#include "cli/report_options.h"
#include "cli/verb.h"
#include "report/report_in.h"
#include "run/exit_facts.h"
#include "session/backend.h"

/** A report, at what comes next in it. */
struct part {
    struct wht_report_in in;
    enum wht_report_item item;
};

struct merge {
    struct wht_words paths;
    struct wht_wanted_reports wanted;
    struct wht_report_style style;
    const char *color;
    struct wht_reports reports;
    struct wht_summary summary;
    struct part *parts;
    /** Reports, from 1, that have a case; errors of files, which each shard tells. */
    struct wht_map seen;
    /** Places of files in the run, from 1. */
    struct wht_map ranks;
    struct wht_report_run run;
    struct wht_report_end end;
    /** What is wrong with the whole, for `end`. */
    struct wht_text message;
    struct wht_exit_facts facts;
};

static const struct wht_option options[] = {
    WHT_REPORT_OPTION(struct merge, wanted),
    {"quiet", 'q', NULL, "one line per failure, and the totals",
     WHT_FLAG(struct merge, style.is_quiet)},
    {"verbose", 'v', NULL, "one line per case", WHT_FLAG(struct merge, style.is_verbose)},
    {"color", 0, "auto|always|never", "as of 'whvtrace run'", WHT_CHOICE(struct merge, color)},
    {.name = NULL},
};

static void print_error(const char *message)
{
    fprintf(stderr, "whvtrace merge: %s\n", message);
}

static bool differ(const struct wht_report_in *a, const struct wht_report_in *b, const char *what,
                   const char *of_a, const char *of_b)
{
    if (strcmp(of_a, of_b) == 0)
        return false;
    fprintf(stderr, "whvtrace merge: %s and %s have not the same %s: '%s' and '%s'\n", a->path,
            b->path, what, of_a, of_b);
    return true;
}

/* A library may have another path on another machine: its digest tells. */
static bool belong_together(const struct wht_report_in *a, const struct wht_report_in *b)
{
    const struct wht_report_run *x = &a->run, *y = &b->run;
    char level_a[2] = {(char)('0' + x->level), 0}, level_b[2] = {(char)('0' + y->level), 0};
    bool differs = differ(a, b, "emulator", x->emulator_digest, y->emulator_digest);
    if (!differs && !*x->emulator_digest)
        differs = differ(a, b, "emulator", x->emulator, y->emulator) ||
                  differ(a, b, "version of the emulator", x->emulator_version, y->emulator_version);
    differs |= differ(a, b, "suite", x->suite_digest, y->suite_digest);
    differs |= differ(a, b, "level", level_a, level_b);
    if (x->shard_count == y->shard_count)
        return !differs;
    fprintf(stderr, "whvtrace merge: %s is of %" PRIu64 " shards and %s of %" PRIu64 "\n", a->path,
            x->shard_count, b->path, y->shard_count);
    return false;
}

/* Whether no other report has a case. */
static bool note_case(struct merge *m, const struct part *part)
{
    const struct wht_report_in *in = &part->in;
    const uint64_t number = 1 + (uint64_t)(part - m->parts);
    uint64_t *owner = wht_map_at(&m->seen, in->result.name, strlen(in->result.name));
    if (*owner == 0)
        *owner = number;
    if (*owner == number)
        return true;
    fprintf(stderr, "whvtrace merge: %s has %s, which another report has as well\n", in->path,
            in->result.name);
    return false;
}

/* Reads a report to its end. */
static bool look_through(struct merge *m, struct part *part)
{
    while ((part->item = wht_report_in_next(&part->in)) != WHT_ITEM_END) {
        if (part->item == WHT_ITEM_BROKEN)
            print_error(wht_text_get(&part->in.error));
        if (part->item == WHT_ITEM_BROKEN || (part->item == WHT_ITEM_CASE && !note_case(m, part)))
            return false;
    }
    return true;
}

static void add_message(struct merge *m, const struct wht_report_in *in, const char *message)
{
    wht_text_add(&m->message, m->message.size > 0 ? "; " : "");
    if (m->run.shard_count > 1)
        wht_text_addf(&m->message, "shard %" PRIu64 ": ", in->run.shard);
    wht_text_add(&m->message, message);
}

static void take_end(struct merge *m, const struct wht_report_in *in)
{
    if (in->end.ending > m->end.ending)
        m->end.ending = in->end.ending;
    m->end.seconds += in->end.seconds;
    m->summary.unaligned |= in->unaligned;
    if (*in->end.message)
        add_message(m, in, in->end.message);
    if (strcmp(in->run.date, m->run.date) < 0)
        m->run.date = in->run.date;
}

/* Every shard once. @return false if one is there twice, after saying which. */
static bool check_shards(struct merge *m)
{
    const uint64_t count = m->run.shard_count;
    uint8_t *is_there = wht_allocate(count + 1, 1);
    bool is_good = true;
    for (size_t i = 0; i < m->paths.count; i++) {
        const struct wht_report_run *run = &m->parts[i].in.run;
        if (is_there[run->shard]++ == 0)
            continue;
        fprintf(stderr, "whvtrace merge: %s: shard %" PRIu64 " of %" PRIu64 " is there twice\n",
                m->parts[i].in.path, run->shard, count);
        is_good = false;
        break;
    }
    for (uint64_t shard = 1; is_good && shard <= count; shard++)
        if (!is_there[shard])
            wht_text_addf(&m->message, "%sshard %" PRIu64 " of %" PRIu64 " is missing",
                          m->message.size > 0 ? "; " : "", shard, count);
    free(is_there);
    return is_good;
}

static bool open_part(struct part *part, const char *path)
{
    const bool is_open = wht_report_in_open(&part->in, path);
    if (!is_open)
        print_error(wht_text_get(&part->in.error));
    return is_open;
}

/* The first time: whether all reports are whole and belong together. */
static bool check_parts(struct merge *m)
{
    for (size_t i = 0; i < m->paths.count; i++) {
        struct part *part = &m->parts[i];
        wht_outfile_protect(m->paths.items[i]);
        if (!open_part(part, m->paths.items[i]) ||
            (i > 0 && !belong_together(&m->parts[0].in, &part->in)))
            return false;
        if (i == 0)
            m->run = part->in.run;
    }
    if (!check_shards(m))
        return false;
    for (size_t i = 0; i < m->paths.count; i++) {
        if (!look_through(m, &m->parts[i]))
            return false;
        take_end(m, &m->parts[i].in);
    }
    return true;
}

static const char *file_of(const struct part *part)
{
    return part->item == WHT_ITEM_CASE ? part->in.result.file : part->in.problem.file;
}

static uint64_t line_of(const struct part *part)
{
    return part->item == WHT_ITEM_CASE ? part->in.result.line : part->in.problem.line;
}

static uint64_t rank_of(struct merge *m, const struct part *part)
{
    const char *file = file_of(part);
    return *wht_map_at(&m->ranks, file, strlen(file));
}

static bool is_before(struct merge *m, const struct part *a, const struct part *b)
{
    const uint64_t first = rank_of(m, a), second = rank_of(m, b);
    return first != second ? first < second : line_of(a) < line_of(b);
}

/* Every shard reads every file, and tells what is wrong with it. */
static void tell_problem(struct merge *m, const struct wht_report_problem *problem)
{
    struct wht_text key = {.text = NULL};
    wht_text_addf(&key, "%d\n%s\n%" PRIu64 "\n%" PRIu64 "\n%s\n%s", problem->kind, problem->file,
                  problem->line, problem->column, problem->pointer, problem->text);
    if (wht_map_add(&m->seen, wht_text_get(&key), key.size)) {
        const struct wht_error error = {
            .file = problem->file,
            .pos = {.line = (uint32_t)problem->line, .column = (uint32_t)problem->column},
            .pointer = problem->pointer,
            .text = problem->text,
            .more = problem->more};
        if (problem->kind == WHT_PROBLEM_TRACE)
            wht_error_print(stderr, &error);
        m->summary.problems[problem->kind]++;
        m->summary.untold += problem->more > 0 ? problem->more - 1 : 0;
        wht_reports_problem(&m->reports, problem);
    }
    wht_text_free(&key);
}

/* The second time: everything, in order. */
static void feed(struct merge *m)
{
    for (size_t i = 0; i < m->paths.count; i++)
        m->parts[i].item = wht_report_in_next(&m->parts[i].in);
    for (;;) {
        struct part *next = NULL;
        for (size_t i = 0; i < m->paths.count; i++) {
            struct part *part = &m->parts[i];
            const bool is_more = part->item == WHT_ITEM_CASE || part->item == WHT_ITEM_PROBLEM;
            if (is_more && (!next || is_before(m, part, next)))
                next = part;
        }
        if (!next)
            return;
        if (next->item == WHT_ITEM_PROBLEM) {
            tell_problem(m, &next->in.problem);
        } else {
            wht_summary_add(&m->summary, &next->in.result);
            wht_reports_case(&m->reports, &next->in.result);
        }
        next->item = wht_report_in_next(&next->in);
    }
}

static void close_parts(struct merge *m)
{
    for (size_t i = 0; i < m->paths.count; i++)
        wht_report_in_close(&m->parts[i].in);
}

static int conclude(struct merge *m)
{
    const struct wht_summary *s = &m->summary;
    m->end.message = wht_text_get(&m->message);
    wht_summary_sort(&m->summary);
    wht_reports_end(&m->reports, &m->end, s);
    m->facts.invalid = s->problems[WHT_PROBLEM_TRACE];
    m->facts.failed = s->outcomes[WHT_OUTCOME_FAILED] + s->problems[WHT_PROBLEM_EXPECTATION] +
                      (m->end.ending != WHT_RUN_DONE || m->message.size > 0);
    m->facts.skipped = s->outcomes[WHT_OUTCOME_SKIPPED];
    m->facts.done = wht_summary_cases(s) - m->facts.skipped;
    if (m->message.size > 0)
        print_error(wht_text_get(&m->message));
    return wht_exit_code(&m->facts);
}

static int merge(struct merge *m)
{
    m->parts = wht_allocate(m->paths.count, sizeof(*m->parts));
    if (!check_parts(m))
        return WHT_EXIT_INVALID;
    /* What the heads say lives on: they are read again into other memory. */
    struct part *first = m->parts;
    m->parts = wht_allocate(m->paths.count, sizeof(*m->parts));
    bool is_open = true;
    for (size_t i = 0; is_open && i < m->paths.count; i++)
        is_open = open_part(&m->parts[i], m->paths.items[i]);
    m->run.shard = m->run.shard_count = 1;
    m->summary.files = m->run.suite_files;
    for (uint64_t i = 0; i < m->run.suite_files; i++)
        *wht_map_at(&m->ranks, m->run.suite_paths[i], strlen(m->run.suite_paths[i])) = i + 1;
    m->style.has_scores = strcmp(m->run.emulator, WHT_BACKEND_BUILTIN) != 0;
    int code = WHT_EXIT_INVALID;
    if (is_open && !wht_wanted_reports_open("merge", &m->wanted, &m->style, &m->reports)) {
        code = WHT_EXIT_USAGE;
    } else if (is_open) {
        wht_reports_begin(&m->reports, &m->run);
        feed(m);
        code = conclude(m);
    }
    close_parts(m);
    free(m->parts);
    m->parts = first;
    return code;
}

static int close_reports(struct merge *m, int code)
{
    if (wht_reports_close(&m->reports, print_error))
        return code;
    m->facts.is_unwritten = true;
    return wht_exit_code(&m->facts);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct merge m = {.color = "auto"};
    int code = wht_verb_take(verb, args, &m.paths, &m);
    m.style.colours = wht_wants_colours(m.color, stdout);
    if (code < 0 && m.paths.count == 0)
        code = wht_usage_error(verb->name, "expected reports");
    if (code < 0)
        code = close_reports(&m, merge(&m));
    if (m.parts)
        close_parts(&m);
    free(m.parts);
    wht_words_free(&m.paths);
    wht_map_free(&m.seen);
    wht_map_free(&m.ranks);
    wht_text_free(&m.message);
    wht_summary_free(&m.summary);
    return code;
}

const struct wht_verb wht_verb_merge = {
    .name = "merge",
    .operands = "REPORT...",
    .summary = "join the JSON reports of shards into one of each format",
    .details =
        "A REPORT was written by 'run --shard K/N --report json=FILE'. All must be of the same\n"
        "emulator and suite, by their digests, and of the same level, and no shard or case may be\n"
        "there twice: otherwise nothing is written, and the exit code is 3. Shards that are\n"
        "missing are named in the reports and fail the whole. Other exit codes are those of\n"
        "'run'.\n",
    .add_more = wht_report_formats_add,
    .options = options,
    .run = run,
};
