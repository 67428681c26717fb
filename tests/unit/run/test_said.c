/* SPDX-License-Identifier: MIT */
/* Of what a process prints its end is kept, from the last NUL on. */
#include <criterion/criterion.h>
#include <string.h>

#include "run/said.h"

static size_t add(struct wht_said *said, const char *bytes, size_t size)
{
    char copy[64];
    cr_assert_leq(size, sizeof(copy));
    memcpy(copy, bytes, size);
    return wht_said_add(said, copy, size);
}

Test(said, a_nul_forgets_what_came_before_and_is_not_passed_on)
{
    static struct wht_said said;
    char bytes[] = "one\0two\0";
    char text[WHT_SAID_MAX + 1];
    cr_expect_eq(wht_said_add(&said, bytes, 8), 6);
    cr_expect_eq(memcmp(bytes, "onetwo", 6), 0);
    wht_said_get(&said, text);
    cr_expect_str_eq(text, "");
    cr_expect_eq(add(&said, "\0three", 6), 5);
    cr_expect_eq(add(&said, " four", 5), 5);
    wht_said_get(&said, text);
    cr_expect_str_eq(text, "three four");
}

Test(said, the_end_is_kept_however_much_was_said)
{
    static struct wht_said said;
    char text[WHT_SAID_MAX + 1];
    for (unsigned i = 0; i < WHT_SAID_MAX; i++)
        add(&said, "abc", 3);
    add(&said, "end", 3);
    wht_said_get(&said, text);
    cr_expect_eq(strlen(text), WHT_SAID_MAX);
    cr_expect_str_eq(text + WHT_SAID_MAX - 6, "abcend");
}
