/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <inttypes.h>
#include <string.h>

#include "session/result.h"

static struct wht_report_case report_of(const struct wht_case_frame *result)
{
    return (struct wht_report_case){.outcome = WHT_OUTCOME_FAILED,
                                    .ending = (enum wht_ending)result->ending,
                                    .name = result->name,
                                    .file = result->file,
                                    .line = result->line,
                                    .mnemonic = result->mnemonic,
                                    .family = result->family,
                                    .mode = result->mode,
                                    .flags = result->flags,
                                    .status = result->status,
                                    .cause = "",
                                    .reason = "",
                                    .key = "",
                                    .block = "",
                                    .detail = "",
                                    .judged = result->judged,
                                    .passed = result->passed,
                                    .micros = result->micros,
                                    .is_explained = result->is_explained,
                                    .unaligned = result->unaligned};
}

static void tell(struct wht_tally *tally, const struct wht_report_case *report)
{
    wht_summary_add(&tally->summary, report);
    wht_reports_case(&tally->reports, report);
}

static void tell_failure(struct wht_tally *tally, const struct wht_case_frame *result,
                         const char *cause, const char *key)
{
    struct wht_report_case report = report_of(result);
    report.cause = cause;
    report.key = key;
    report.block = result->block;
    report.detail = result->json;
    if (result->kind == WHT_CASE_FAILED)
        wht_known_out_add(&tally->known_out, &report);
    tell(tally, &report);
}

/*
 * A case that does not come out as its entry says: the entry is wrong now, or the emulator worse.
 */
static void tell_contradiction(struct wht_tally *tally, const struct wht_case_frame *result,
                               const struct wht_expectation *entry)
{
    struct wht_text cause = {.text = NULL};
    struct wht_text key = {.text = NULL};
    wht_text_addf(&cause, "%s, but %s:%u expects it to %s (%s)",
                  result->kind == WHT_CASE_PASSED ? "passes" : result->cause, entry->file,
                  (unsigned)entry->pos.line, wht_known_word(entry), entry->reason);
    wht_text_addf(&key, "%s:%u/%d/%s", entry->file, (unsigned)entry->pos.line, result->kind,
                  result->group);
    tell_failure(tally, result, wht_text_get(&cause), wht_text_get(&key));
    wht_text_free(&cause);
    wht_text_free(&key);
}

static void tell_other(struct wht_tally *tally, const struct wht_case_frame *result,
                       enum wht_case_outcome outcome, const char *reason, bool has_entry)
{
    struct wht_report_case report = report_of(result);
    report.outcome = outcome;
    report.reason = reason;
    if (outcome == WHT_OUTCOME_KNOWN)
        wht_known_out_add(&tally->known_out, &report);
    else if (outcome == WHT_OUTCOME_SKIPPED && has_entry)
        wht_known_out_skip(&tally->known_out, &report);
    tell(tally, &report);
}

static enum wht_case_outcome outcome_of(const struct wht_case_frame *result,
                                        const struct wht_expectation *entry)
{
    if (result->kind == WHT_CASE_SKIPPED)
        return WHT_OUTCOME_SKIPPED;
    if (entry)
        return wht_known_holds(entry, result) ? WHT_OUTCOME_KNOWN : WHT_OUTCOME_FAILED;
    if (result->kind == WHT_CASE_PASSED)
        return WHT_OUTCOME_PASSED;
    return result->is_may ? WHT_OUTCOME_MAY : WHT_OUTCOME_FAILED;
}

enum wht_case_outcome wht_tally_case(struct wht_tally *tally, const struct wht_case_frame *result)
{
    const struct wht_expectation *entry = wht_known_find(&tally->known, result->name);
    const enum wht_case_outcome outcome = outcome_of(result, entry);
    if (outcome == WHT_OUTCOME_FAILED && entry)
        tell_contradiction(tally, result, entry);
    else if (outcome == WHT_OUTCOME_FAILED)
        tell_failure(tally, result, result->cause, result->group);
    else if (outcome == WHT_OUTCOME_KNOWN)
        tell_other(tally, result, outcome, entry->reason, true);
    else if (outcome == WHT_OUTCOME_PASSED)
        tell_other(tally, result, outcome, "", false);
    else
        tell_other(tally, result, outcome, result->cause,
                   outcome == WHT_OUTCOME_SKIPPED && entry && wht_known_holds(entry, result) &&
                       strcmp(entry->reason, result->cause) == 0);
    return outcome;
}

static void tell_problem(struct wht_tally *tally, const struct wht_report_problem *problem)
{
    tally->summary.problems[problem->kind]++;
    tally->summary.untold += problem->more > 0 ? problem->more - 1 : 0;
    wht_reports_problem(&tally->reports, problem);
}

void wht_tally_error(struct wht_tally *tally, const struct wht_error *error)
{
    struct wht_report_problem problem = {.kind = WHT_PROBLEM_TRACE,
                                         .file = error->file,
                                         .line = error->pos.line,
                                         .column = error->pos.column,
                                         .pointer = error->pointer,
                                         .text = error->text,
                                         .more = error->more};
    tell_problem(tally, &problem);
}

static void tell_stale(void *user, const struct wht_expectation *entry)
{
    struct wht_text text = {.text = NULL};
    wht_text_addf(&text, "'%s' matches no case (%s)", entry->match, entry->reason);
    struct wht_report_problem problem = {.kind = WHT_PROBLEM_EXPECTATION,
                                         .file = entry->file,
                                         .line = entry->pos.line,
                                         .pointer = "",
                                         .text = wht_text_get(&text)};
    tell_problem(user, &problem);
    wht_text_free(&text);
}

void wht_tally_stale(struct wht_tally *tally, const struct wht_words *paths)
{
    wht_known_stale(&tally->known, paths, tell_stale, tally);
}

void wht_tally_end(struct wht_tally *tally, const struct wht_report_end *end)
{
    wht_summary_sort(&tally->summary);
    wht_reports_end(&tally->reports, end, &tally->summary);
}

void wht_tally_free(struct wht_tally *tally)
{
    wht_known_free(&tally->known);
    wht_summary_free(&tally->summary);
}
