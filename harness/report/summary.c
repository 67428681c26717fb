/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include <inttypes.h>
#include <string.h>

void wht_summary_add(struct wht_summary *summary, const struct wht_report_case *result)
{
    summary->outcomes[result->outcome]++;
    summary->unaligned |= result->unaligned;
    for (int level = WHT_MATCH_EFFECTS; level <= WHT_MATCH_STRICT; level++) {
        summary->judged[level] += result->judged >> level & 1;
        summary->level_passed[level] += result->passed >> level & 1;
    }
    if (*result->family) {
        wht_scores_add(&summary->families, result->family, result);
        wht_scores_add(&summary->instructions, result->mnemonic, result);
    }
    if (result->outcome == WHT_OUTCOME_FAILED)
        wht_groups_add(&summary->groups, result);
}

void wht_summary_sort(struct wht_summary *summary)
{
    wht_groups_sort(&summary->groups);
    wht_scores_sort(&summary->families);
    wht_scores_sort_lowest(&summary->instructions);
}

uint64_t wht_summary_cases(const struct wht_summary *summary)
{
    uint64_t cases = 0;
    for (int i = 0; i < WHT_OUTCOME_COUNT; i++)
        cases += summary->outcomes[i];
    return cases;
}

const char *wht_summary_verdict(const struct wht_summary *s, const struct wht_report_end *end)
{
    const bool is_bad = s->outcomes[WHT_OUTCOME_FAILED] + s->problems[WHT_PROBLEM_TRACE] +
                                s->problems[WHT_PROBLEM_EXPECTATION] >
                            0 ||
                        end->ending != WHT_RUN_DONE || *end->message;
    return is_bad ? "failed" : "passed";
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

void wht_summary_counts(struct wht_text *text, const struct wht_summary *s)
{
    uint64_t cases = wht_summary_cases(s);
    wht_text_addf(text, "%" PRIu64 " case%s in %" PRIu64 " file%s: ", cases, plural(cases),
                  s->files, plural(s->files));
    for (int i = 0; i < WHT_OUTCOME_COUNT; i++) {
        bool always = i == WHT_OUTCOME_PASSED || i == WHT_OUTCOME_FAILED;
        if (always || s->outcomes[i] > 0)
            wht_text_addf(text, "%s%" PRIu64 " %s", i > 0 ? ", " : "", s->outcomes[i],
                          wht_outcome_text((enum wht_case_outcome)i));
    }
}

static bool add_pending(struct wht_text *text, const struct wht_summary *s)
{
    if (s->pending > 0)
        wht_text_addf(text, "%" PRIu64 " pending result%s: 'whvtrace review' goes through them",
                      s->pending, plural(s->pending));
    return s->pending > 0;
}

/* By bits of wht_unaligned. */
static const char *const arrays[] = {"names of Get", "values of Get", "names of Set",
                                     "values of Set"};

unsigned wht_summary_unaligned(const char *remark)
{
    unsigned unaligned = 0;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        unaligned |= (unsigned)(strstr(remark, arrays[i]) != NULL) << i;
    return unaligned;
}

bool wht_summary_remark(struct wht_text *text, const struct wht_summary *s)
{
    const char *separator = "";
    const bool has_pending = add_pending(text, s);
    if (s->unaligned == 0)
        return has_pending;
    wht_text_add(text, has_pending ? "; " : "");
    wht_text_add(text, "the emulator hands over arrays that are not 16-byte aligned (");
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        if (!(s->unaligned >> i & 1))
            continue;
        wht_text_addf(text, "%s%s", separator, arrays[i]);
        separator = ", ";
    }
    wht_text_add(text, "), on which the platform's own functions crash: declare them with "
                       "_Alignas(16); only cases with the flag 'unaligned-array' fail by it");
    return true;
}

void wht_summary_total(struct wht_text *text, const struct wht_summary *s)
{
    wht_text_addf(text, "%" PRIu64 " passed, %" PRIu64 " failed", s->outcomes[WHT_OUTCOME_PASSED],
                  s->outcomes[WHT_OUTCOME_FAILED]);
    if (s->outcomes[WHT_OUTCOME_SKIPPED] > 0)
        wht_text_addf(text, ", %" PRIu64 " skipped", s->outcomes[WHT_OUTCOME_SKIPPED]);
    wht_text_add(text, "\n");
}

void wht_summary_free(struct wht_summary *summary)
{
    wht_groups_free(&summary->groups);
    wht_scores_free(&summary->families);
    wht_scores_free(&summary->instructions);
}
