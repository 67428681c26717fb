/* SPDX-License-Identifier: MIT */
/* The property tests see every row of the instruction table, in every code that has it. */
#include <criterion/criterion.h>

#include "encodings.h"

Test(encodings, every_row_has_some)
{
    static bool is_found[1024];
    const struct encodings *all = encodings_all();
    cr_assert_leq(encodings_rows(), sizeof(is_found));
    cr_expect_lt(all->count, ENCODINGS_MAX, "there is no room for more");
    for (size_t i = 0; i < all->count; i++)
        is_found[all->encoding[i].row] = true;
    for (size_t row = 0; row < encodings_rows(); row++)
        cr_expect_neq(is_found[row], encodings_left_out(row) != NULL, "%s",
                      encodings_row_name(row));
}
