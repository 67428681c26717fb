/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base/once.h"

Test(once, each_comes_for_the_first_time_once_however_many_there_are)
{
    struct wht_once once = {.slots = NULL};
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 10000; i++)
            cr_assert_eq(wht_once(&once, (const char *)&i, sizeof(i)), round == 0, "%u", i);
    cr_expect_eq(once.count, 10000);
    wht_once_free(&once);
    cr_expect_null(once.slots);
}
