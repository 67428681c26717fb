/* SPDX-License-Identifier: MIT */
/* Failures that look alike are one group, and groups are bounded. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "report/groups.h"
#include "report/summary.h"

static void add(struct wht_groups *groups, const char *key, const char *name, const char *mnemonic,
                bool is_explained)
{
    struct wht_report_case failure = {.outcome = WHT_OUTCOME_FAILED,
                                      .name = name,
                                      .file = "file",
                                      .mnemonic = mnemonic,
                                      .cause = name,
                                      .reason = "",
                                      .key = key,
                                      .block = name,
                                      .detail = "",
                                      .is_explained = is_explained};
    wht_groups_add(groups, &failure);
}

Test(groups, equal_keys_join)
{
    struct wht_groups groups = {.count = 0};
    add(&groups, "a", "one", "mov", false);
    add(&groups, "b", "two", "mov", false);
    add(&groups, "a", "three", "add", false);
    add(&groups, "a", "four", "mov", false);
    cr_assert_eq(groups.count, 2);
    cr_expect_eq(groups.items[0].count, 3);
    cr_expect_str_eq(groups.items[0].name, "one");
    cr_expect_eq(groups.items[0].name_count, 2);
    cr_expect_str_eq(groups.items[0].names[0], "three");
    cr_expect_eq(groups.items[0].mnemonic_count, 2);
    cr_expect_str_eq(groups.items[0].mnemonics[0].name, "mov");
    cr_expect_eq(groups.items[0].mnemonics[0].count, 2);
    wht_groups_free(&groups);
}

Test(groups, the_first_that_explains_itself_stands_for_the_others)
{
    struct wht_groups groups = {.count = 0};
    add(&groups, "a", "captured", "mov", false);
    add(&groups, "a", "by hand", "mov", true);
    add(&groups, "a", "by hand, too", "mov", true);
    cr_expect_str_eq(groups.items[0].name, "by hand");
    cr_expect_str_eq(groups.items[0].block, "by hand");
    cr_expect_str_eq(groups.items[0].names[0], "captured");
    wht_groups_free(&groups);
}

Test(groups, the_largest_come_first_and_equal_ones_keep_their_order)
{
    struct wht_groups groups = {.count = 0};
    static const char *const keys[] = {"a", "b", "c", "c", "b", "d", "c"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        add(&groups, keys[i], "name", "mov", false);
    wht_groups_sort(&groups);
    cr_expect_str_eq(groups.items[0].key, "c");
    cr_expect_str_eq(groups.items[1].key, "b");
    cr_expect_str_eq(groups.items[2].key, "a");
    cr_expect_str_eq(groups.items[3].key, "d");
    wht_groups_free(&groups);
}

Test(groups, memory_is_bounded)
{
    struct wht_groups groups = {.count = 0};
    char key[32];
    for (unsigned i = 0; i < 3 * WHT_GROUPS_MAX; i++) {
        snprintf(key, sizeof(key), "key-%u", i);
        for (unsigned j = 0; j < 20; j++)
            add(&groups, key, key, key + 4 - (j % 4), false);
    }
    cr_expect_eq(groups.count, WHT_GROUPS_MAX);
    cr_expect_eq(groups.left_out, 2 * WHT_GROUPS_MAX * 20);
    cr_expect_eq(groups.items[5].count, 20);
    cr_expect_eq(groups.items[5].name_count, WHT_GROUP_NAMES);
    wht_groups_free(&groups);
}

Test(groups, mnemonics_beyond_the_bound_are_counted)
{
    struct wht_groups groups = {.count = 0};
    char mnemonic[200];
    for (unsigned i = 0; i < WHT_GROUP_MNEMONICS + 3; i++) {
        memset(mnemonic, 'a' + (int)i, sizeof(mnemonic) - 1);
        mnemonic[sizeof(mnemonic) - 1] = 0;
        add(&groups, "key", "name", mnemonic, false);
    }
    cr_expect_eq(groups.items[0].mnemonic_count, WHT_GROUP_MNEMONICS);
    cr_expect_eq(groups.items[0].other_mnemonics, 3);
    wht_groups_free(&groups);
}

Test(summary, the_three_levels_are_counted_apart)
{
    struct wht_summary summary = {.files = 1};
    struct wht_report_case result = {
        .outcome = WHT_OUTCOME_PASSED, .family = "", .judged = 7, .passed = 7};
    wht_summary_add(&summary, &result);
    result.judged = 3;
    result.passed = 3;
    wht_summary_add(&summary, &result);
    result.outcome = WHT_OUTCOME_KNOWN;
    result.judged = 7;
    result.passed = 1;
    wht_summary_add(&summary, &result);
    cr_expect_eq(summary.judged[WHT_MATCH_STRICT], 2);
    cr_expect_eq(summary.level_passed[WHT_MATCH_STRICT], 1);
    cr_expect_eq(summary.judged[WHT_MATCH_DEVICE], 3);
    cr_expect_eq(summary.level_passed[WHT_MATCH_DEVICE], 2);
    cr_expect_eq(summary.level_passed[WHT_MATCH_EFFECTS], 3);
    cr_expect_eq(wht_summary_cases(&summary), 3);
    wht_summary_free(&summary);
}
