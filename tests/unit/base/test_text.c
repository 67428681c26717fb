/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdint.h>

#include "base/escape.h"
#include "base/str.h"
#include "base/text.h"

Test(text, bytes_are_pairs_of_digits_and_what_is_masked_is_not_told)
{
    const uint8_t bytes[] = {0x00, 0x9f, 0xff};
    const uint8_t mask[] = {1, 0, 0xff};
    struct wht_text text = {.text = NULL};
    wht_text_add_hex(&text, bytes, NULL, 3);
    wht_text_add(&text, ", ");
    wht_text_add_hex(&text, bytes, mask, 3);
    wht_text_add_hex(&text, bytes, NULL, 0);
    cr_expect_str_eq(wht_text_get(&text), "00 9f ff, 00 ?? ff");
    wht_text_free(&text);
}

/* A sanitizer ends a program that asks for so much. */
#if !defined(__SANITIZE_ADDRESS__)
Test(text, one_that_may_run_out_of_memory_takes_nothing_more_until_it_is_cleared)
{
    struct wht_text text = {.may_run_out = true};
    const size_t too_much = SIZE_MAX / 2 - 1; /* nothing is read of it */
    wht_text_add(&text, "a");
    wht_text_add_bytes(&text, "", too_much);
    cr_expect(text.has_run_out);
    wht_escape_json(&text, "b");
    wht_text_addf(&text, "%d", 1);
    cr_expect_str_eq(wht_text_get(&text), "a");
    wht_text_clear(&text);
    wht_text_add(&text, "c");
    cr_expect_not(text.has_run_out);
    cr_expect_str_eq(wht_text_get(&text), "c");
    wht_text_free(&text);
    cr_expect(text.may_run_out);
}
#endif

Test(text, the_last_part_of_a_path_stands_behind_the_last_separator)
{
    cr_expect_str_eq(wht_last_part("a/b\\c", "/"), "b\\c");
    cr_expect_str_eq(wht_last_part("a/b\\c", "/\\"), "c");
    cr_expect_str_eq(wht_last_part("a", "/"), "a");
    cr_expect_str_eq(wht_last_part("a/", "/"), "");
}
