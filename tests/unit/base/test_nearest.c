/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base/nearest.h"

Test(nearest, near_misses_are_suggested_and_far_ones_are_not)
{
    static const char *const names[] = {"read", "write", "execute", "expect"};
    cr_expect_str_eq(wht_did_you_mean("raed", names, 4), "read");
    cr_expect_str_eq(wht_did_you_mean("excute", names, 4), "execute");
    cr_expect_str_eq(wht_did_you_mean("expekt", names, 4), "expect");
    cr_expect_str_eq(wht_did_you_mean("WRIET", names, 4), "write", "neighbours, and case");
    cr_expect_str_eq(wht_did_you_mean("rite", names, 4), "write");
    cr_expect_null(wht_did_you_mean("banana", names, 4));
    cr_expect_null(wht_did_you_mean("red", (const char *const[]){"set"}, 1),
                   "two of three letters");
    cr_expect_null(wht_did_you_mean("x", names, 4));
    cr_expect_null(wht_did_you_mean("", names, 4));
}

Test(nearest, beginnings_are_enough_at_a_prompt)
{
    static const char *const verbs[] = {"import", "record", "redact", "run", NULL};
    cr_expect_str_eq(wht_nearest_word("imp", verbs), "import");
    cr_expect_str_eq(wht_nearest_word("rnu", verbs), "run");
    cr_expect_str_eq(wht_nearest_word("REDACT", verbs), "redact");
    cr_expect_null(wht_nearest_word("banana", verbs));
}
