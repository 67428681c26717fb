/* SPDX-License-Identifier: MIT */
/*
 * For people, at a terminal or in the log of a build: failures in full, grouped, then counts. No
 * line passes 80 columns but those that are searched for or pasted as a whole: a case with its
 * outcome and cause, a name, a command.
 */
#include <inttypes.h>

#include "report.h"
#include "words/names.h"

/* Kinds of failures that are shown in full; of the others one line says enough for a first look. */
#define BLOCKS_MAX 10u
/* Instructions that are told unless all are. */
#define SCORES_MAX 20u

static const enum wht_colour colours[] = {[WHT_OUTCOME_PASSED] = WHT_GREEN,
                                          [WHT_OUTCOME_FAILED] = WHT_RED,
                                          [WHT_OUTCOME_KNOWN] = WHT_YELLOW,
                                          [WHT_OUTCOME_MAY] = WHT_YELLOW,
                                          [WHT_OUTCOME_SKIPPED] = WHT_YELLOW};

/* Entries of expectations files that mean nothing, told after the failures. */
struct pretty {
    struct wht_text stale;
};

static void add_line(struct wht_report *report, enum wht_case_outcome outcome, const char *name,
                     const char *more)
{
    struct wht_text *text = &report->text;
    wht_text_colour(text, report->style.colours, colours[outcome], wht_outcome_word(outcome));
    wht_text_add(text, " ");
    wht_text_add_clean(text, name);
    wht_text_add(text, *more ? ": " : "");
    wht_text_add_clean(text, more);
    wht_text_add(text, "\n");
}

static void add_case(struct wht_report *report, const struct wht_report_case *result)
{
    bool fails = result->outcome == WHT_OUTCOME_FAILED;
    if (!report->style.is_verbose && !(report->style.is_quiet && fails))
        return;
    add_line(report, result->outcome, result->name, fails ? result->cause : result->reason);
    wht_output_text(&report->output, &report->text);
    wht_output_flush(&report->output);
}

static void add_problem(struct wht_report *report, const struct wht_report_problem *problem)
{
    struct pretty *pretty = report->state;
    bool is_stale = problem->kind == WHT_PROBLEM_EXPECTATION;
    struct wht_text *text = is_stale ? &pretty->stale : &report->text;
    /* Errors in traces are told on standard error as they come. */
    if (!is_stale && !report->output.path)
        return;
    wht_text_add_clean(text, problem->file);
    if (problem->line > 0)
        wht_text_addf(text, ":%" PRIu64, problem->line);
    if (problem->column > 0)
        wht_text_addf(text, ":%" PRIu64, problem->column);
    wht_text_add(text, ": ");
    wht_text_add_clean(text, problem->text);
    wht_text_add(text, "\n");
    wht_output_text(&report->output, &report->text);
}

static void add_mnemonics(struct wht_text *text, const struct wht_group *group)
{
    if (group->mnemonic_count < 2)
        return;
    for (size_t i = 0; i < group->mnemonic_count; i++)
        wht_text_addf(text, "%s%s %" PRIu64, i > 0 ? ", " : " (all: ", group->mnemonics[i].name,
                      group->mnemonics[i].count);
    if (group->other_mnemonics > 0)
        wht_text_addf(text, ", others %" PRIu64, group->other_mnemonics);
    wht_text_add(text, ")");
}

static void add_others(struct wht_text *text, const struct wht_group *group)
{
    struct wht_text words = {.text = NULL};
    uint64_t others = group->count - 1;
    if (others == 0)
        return;
    wht_text_addf(&words, "... and %" PRIu64 " more like this", others);
    add_mnemonics(&words, group);
    wht_text_add(&words, ":");
    wht_text_add(text, "\n  ");
    wht_text_wrap(text, wht_text_get(&words), 2, 6);
    wht_text_add(text, "\n");
    wht_text_free(&words);
    for (size_t i = 0; i < group->name_count; i++) {
        wht_text_add(text, "      ");
        wht_text_add_clean(text, group->names[i]);
        wht_text_add(text, "\n");
    }
    if (others > group->name_count)
        wht_text_addf(text, "      and %" PRIu64 " others (-v names all)\n",
                      others - group->name_count);
}

static void add_group(struct wht_report *report, const struct wht_group *group)
{
    struct wht_text *text = &report->text;
    add_line(report, WHT_OUTCOME_FAILED, group->name, group->cause);
    if (report->style.colours)
        wht_text_add(text, group->block);
    else
        wht_text_add_uncoloured(text, group->block);
    add_others(text, group);
    wht_text_add(text, "\n");
}

static void add_groups(struct wht_report *report, const struct wht_groups *groups)
{
    struct wht_text *text = &report->text;
    for (size_t i = 0; i < groups->count && i < BLOCKS_MAX; i++) {
        add_group(report, &groups->items[i]);
        wht_output_text(&report->output, text);
    }
    if (groups->count > BLOCKS_MAX)
        wht_text_addf(text, "%zu more kind%s of failure, the first of each:\n",
                      groups->count - BLOCKS_MAX, groups->count - BLOCKS_MAX == 1 ? "" : "s");
    for (size_t i = BLOCKS_MAX; i < groups->count; i++) {
        struct wht_text cause = {.text = NULL};
        wht_text_add(&cause, groups->items[i].cause);
        if (groups->items[i].count > 1)
            wht_text_addf(&cause, " (and %" PRIu64 " more)", groups->items[i].count - 1);
        add_line(report, WHT_OUTCOME_FAILED, groups->items[i].name, wht_text_get(&cause));
        wht_text_free(&cause);
    }
    if (groups->left_out > 0)
        wht_text_addf(text, "Not shown: %" PRIu64 " failures of other kinds (-v names all)\n",
                      groups->left_out);
    if (groups->count > BLOCKS_MAX)
        wht_text_add(text, "\n");
    wht_output_text(&report->output, text);
}

static void add_levels(struct wht_text *text, const struct wht_summary *s)
{
    for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--) {
        wht_text_addf(text, "  %-8s", wht_match_name((enum wht_match)level));
        if (s->judged[level] == 0)
            wht_text_add(text, "none judged\n");
        else
            wht_text_addf(text, "%" PRIu64 " of %" PRIu64 " pass\n", s->level_passed[level],
                          s->judged[level]);
    }
}

/* Of one family the counts say as much. */
static void add_scores(struct wht_report *report, const struct wht_summary *s)
{
    struct wht_text *text = &report->text;
    const struct wht_scores *all = &s->instructions;
    size_t low = 0;
    if (!report->style.has_scores || s->families.count < 2)
        return;
    wht_scores_families(text, &s->families);
    while (low < all->count && wht_score_permille(&all->items[low]) < 1000)
        low++;
    if (report->style.is_verbose)
        wht_text_addf(text, "\n  %zu instructions, %zu of them pass\n", all->count,
                      all->count - low);
    else
        wht_text_addf(text, "\n  %zu instructions, %zu of them pass%s\n", all->count,
                      all->count - low,
                      low > SCORES_MAX ? "; the lowest (-v names all):"
                      : low > 0        ? "; the others:"
                                       : "");
    wht_scores_instructions(text, all,
                            report->style.is_verbose ? all->count
                            : low < SCORES_MAX       ? low
                                                     : SCORES_MAX);
    wht_text_add(text, "\n");
}

static void add_remark(struct wht_text *text, const struct wht_summary *summary)
{
    struct wht_text words = {.text = NULL};
    if (wht_summary_remark(&words, summary)) {
        wht_text_add(text, "Remark: ");
        wht_text_wrap(text, wht_text_get(&words), 8, 8);
        wht_text_add(text, "\n");
    }
    wht_text_free(&words);
}

static void add_counts(struct wht_text *text, const struct wht_report_end *end,
                       const struct wht_summary *summary)
{
    struct wht_text words = {.text = NULL};
    wht_summary_counts(&words, summary);
    wht_text_addf(&words, " (%.2f s)", end->seconds);
    wht_text_wrap(text, wht_text_get(&words), 0, 2);
    wht_text_add(text, "\n");
    wht_text_free(&words);
}

static void end_report(struct wht_report *report, const struct wht_report_end *end,
                       const struct wht_summary *summary)
{
    struct pretty *pretty = report->state;
    struct wht_text *text = &report->text;
    uint64_t failed = summary->outcomes[WHT_OUTCOME_FAILED];
    uint64_t errors = summary->problems[WHT_PROBLEM_TRACE] + summary->untold;
    if (end->ending != WHT_RUN_BROKEN && !report->style.is_quiet)
        add_groups(report, &summary->groups);
    wht_output_text(&report->output, &pretty->stale);
    wht_text_free(&pretty->stale);
    if (end->ending == WHT_RUN_BROKEN)
        return;
    if (end->ending == WHT_RUN_INTERRUPTED)
        wht_text_add(text, "Interrupted.\n");
    else if (end->ending == WHT_RUN_GAVE_UP)
        wht_text_addf(text, "Gave up after %" PRIu64 " failure%s (--no-give-up goes on).\n", failed,
                      failed == 1 ? "" : "s");
    else if (end->ending == WHT_RUN_STOPPED)
        wht_text_addf(text, "Stopped after %" PRIu64 " failure%s.\n", failed,
                      failed == 1 ? "" : "s");
    if (errors > 0)
        wht_text_addf(text, "%" PRIu64 " error%s in trace files\n", errors, errors == 1 ? "" : "s");
    if (!report->style.is_quiet) {
        add_scores(report, summary);
        add_counts(text, end, summary);
        add_levels(text, summary);
    }
    add_remark(text, summary);
    wht_summary_total(text, summary);
    wht_output_text(&report->output, text);
}

const struct wht_format wht_format_pretty = {
    .name = "pretty",
    .about = "for people (the default on standard output)",
    .state_size = sizeof(struct pretty),
    .add_case = add_case,
    .add_problem = add_problem,
    .end = end_report,
};
