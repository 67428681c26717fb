/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include "print.h"

bool wht_case_equal(const struct wht_case *a, const struct wht_case *b, enum wht_sameness sameness)
{
    const enum wht_print form = sameness == WHT_SAME_WHOLE ? WHT_PRINT_ALL : WHT_PRINT_MEANING;
    struct wht_arena *arena = wht_arena_new();
    bool is_same = wht_node_same(wht_print_case(arena, a, form), wht_print_case(arena, b, form));
    wht_arena_free(arena);
    return is_same;
}
