/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base/map.h"

Test(map, each_comes_for_the_first_time_once_however_many_there_are)
{
    struct wht_map map = {.slots = NULL};
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 10000; i++)
            cr_assert_eq(wht_map_add(&map, &i, sizeof(i)), round == 0, "%u", i);
    cr_expect_eq(map.count, 10000);
    wht_map_free(&map);
    cr_expect_null(map.slots);
}

Test(map, each_key_keeps_its_number)
{
    struct wht_map map = {.slots = NULL};
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < 1000; i++)
            *wht_map_at(&map, &i, sizeof(i)) += i;
    for (unsigned i = 0; i < 1000; i++)
        cr_assert_eq(*wht_map_at(&map, &i, sizeof(i)), 3 * i, "%u", i);
    wht_map_free(&map);
}

Test(map, keys_may_hold_zeros_and_begin_alike)
{
    struct wht_map map = {.slots = NULL};
    cr_expect_not(wht_map_has(&map, "", 0));
    for (size_t size = 0; size < 4; size++) {
        cr_expect_not(wht_map_has(&map, "\0\0\0", size));
        cr_expect(wht_map_add(&map, "\0\0\0", size));
        cr_expect(wht_map_has(&map, "\0\0\0", size));
    }
    wht_map_free(&map);
}
