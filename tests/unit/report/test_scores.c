/* SPDX-License-Identifier: MIT */
/* Counts by families and instructions: what is counted where, in which order it is told, and how.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "report/scores.h"

static void add(struct wht_scores *scores, const char *name, enum wht_case_outcome outcome,
                unsigned judged, unsigned passed)
{
    const struct wht_report_case result = {
        .outcome = outcome, .mode = "long64", .judged = judged, .passed = passed};
    wht_scores_add(scores, name, &result);
}

Test(scores, outcomes_levels_and_modes_are_counted)
{
    struct wht_scores scores = {.count = 0};
    add(&scores, "alu", WHT_OUTCOME_PASSED, 7, 7);
    add(&scores, "alu", WHT_OUTCOME_FAILED, 3, 1);
    add(&scores, "alu", WHT_OUTCOME_KNOWN, 1, 0);
    add(&scores, "alu", WHT_OUTCOME_SKIPPED, 0, 0);
    add(&scores, "", WHT_OUTCOME_FAILED, 1, 0);
    cr_assert_eq(scores.count, 1);
    const struct wht_score *score = &scores.items[0];
    cr_expect_eq(wht_score_cases(score), 3);
    cr_expect_eq(wht_score_permille(score), 333);
    cr_expect_eq(score->judged[WHT_MATCH_EFFECTS], 3);
    cr_expect_eq(score->level_passed[WHT_MATCH_EFFECTS], 2);
    cr_expect_eq(score->judged[WHT_MATCH_STRICT], 1);
    cr_expect_eq(score->mode_cases[WHT_MODES - 1], 3);
    cr_expect_eq(score->mode_failed[WHT_MODES - 1], 2);
    wht_scores_free(&scores);
}

Test(scores, the_lowest_come_first_and_of_these_the_most_cases)
{
    struct wht_scores scores = {.count = 0};
    struct wht_text text = {.text = NULL};
    add(&scores, "add", WHT_OUTCOME_PASSED, 1, 1);
    add(&scores, "bt", WHT_OUTCOME_FAILED, 1, 0);
    add(&scores, "cmp", WHT_OUTCOME_FAILED, 1, 0);
    add(&scores, "cmp", WHT_OUTCOME_MAY, 1, 0);
    wht_scores_sort_lowest(&scores);
    wht_scores_instructions(&text, &scores, 2);
    cr_expect_str_eq(wht_text_get(&text), "  cmp                 0.0%  0 of 2 pass\n"
                                          "  bt                  0.0%  0 of 1 pass\n");
    wht_text_free(&text);
    wht_scores_free(&scores);
}

Test(scores, the_table_of_families_has_80_columns_at_most)
{
    struct wht_scores scores = {.count = 0};
    struct wht_text text = {.text = NULL};
    add(&scores, "system", WHT_OUTCOME_PASSED, 7, 7);
    scores.items[0].outcomes[WHT_OUTCOME_FAILED] = 9999999;
    wht_scores_families(&text, &scores);
    for (const char *line = wht_text_get(&text); *line;) {
        const size_t size = strcspn(line, "\n");
        cr_expect_leq(size, 80, "%.*s", (int)size, line);
        line += size + 1;
    }
    cr_expect(strstr(wht_text_get(&text), "9999999") != NULL);
    cr_expect(strstr(wht_text_get(&text), "100.0%") != NULL);
    wht_text_free(&text);
    wht_scores_free(&scores);
}

Test(scores, names_beyond_the_bound_are_passed_over)
{
    struct wht_scores scores = {.count = 0};
    char name[16];
    for (unsigned i = 0; i < WHT_SCORES_MAX + 5; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        add(&scores, name, WHT_OUTCOME_PASSED, 1, 1);
    }
    add(&scores, "n0", WHT_OUTCOME_PASSED, 1, 1);
    cr_expect_eq(scores.count, WHT_SCORES_MAX);
    cr_expect_eq(scores.items[0].outcomes[WHT_OUTCOME_PASSED], 2);
    wht_scores_free(&scores);
}
