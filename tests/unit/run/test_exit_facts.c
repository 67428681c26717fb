/* SPDX-License-Identifier: MIT */
/* Of several exit codes the most important one is given. */
#include <criterion/criterion.h>

#include "run/exit_facts.h"

static const struct {
    struct wht_exit_facts facts;
    int code;
} rows[] = {
    {{.is_interrupted = true, .is_unwritten = true, .invalid = 1}, WHT_EXIT_INTERRUPTED},
    {{.is_unwritten = true, .has_no_emulator = true, .failed = 1, .done = 1}, WHT_EXIT_OUTPUT},
    {{.has_no_emulator = true, .invalid = 1, .failed = 1}, WHT_EXIT_EMULATOR},
    {{.invalid = 1, .failed = 1, .done = 1}, WHT_EXIT_INVALID},
    {{.failed = 1, .done = 1}, WHT_EXIT_FAILED},
    {{.failed = 1, .skipped = 1}, WHT_EXIT_FAILED},
    {{.done = 1, .skipped = 9}, WHT_EXIT_OK},
    {{.skipped = 1, .other_shards = 1}, WHT_EXIT_SKIPPED},
    {{.other_shards = 1}, WHT_EXIT_OK},
    {{.invalid = 0}, WHT_EXIT_NOTHING},
};

Test(exit_facts, the_first_that_holds_gives_the_code)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect_eq(wht_exit_code(&rows[i].facts), rows[i].code, "row %zu", i);
}

Test(exit_facts, an_outcome_adds_what_it_says)
{
    struct wht_exit_facts facts = {.done = 1};
    struct wht_pool_outcome outcome = {.end = WHT_POOL_DONE, .other_shards = 3};
    wht_exit_facts_add(&facts, &outcome);
    cr_expect_eq(wht_exit_code(&facts), WHT_EXIT_OK);
    cr_expect_eq(facts.other_shards, 3);
    outcome = (struct wht_pool_outcome){.end = WHT_POOL_GAVE_UP, .message = "it crashed"};
    wht_exit_facts_add(&facts, &outcome);
    cr_expect_eq(wht_exit_code(&facts), WHT_EXIT_FAILED);
    outcome.end = WHT_POOL_NO_EMULATOR;
    wht_exit_facts_add(&facts, &outcome);
    cr_expect_eq(wht_exit_code(&facts), WHT_EXIT_EMULATOR);
    outcome.end = WHT_POOL_INTERRUPTED;
    wht_exit_facts_add(&facts, &outcome);
    cr_expect_eq(wht_exit_code(&facts), WHT_EXIT_INTERRUPTED);
}
