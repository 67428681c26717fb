/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include <string.h>

#include "print.h"

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Recursion is bounded by the depth of a document. */
static bool is_same_node(const struct wht_node *a, const struct wht_node *b)
{
    if (a->kind != b->kind || a->boolean != b->boolean || !is_same_text(a->key, b->key) ||
        !is_same_text(a->string, b->string))
        return false;
    const struct wht_node *left = a->first;
    const struct wht_node *right = b->first;
    while (left && right && is_same_node(left, right)) {
        left = left->next;
        right = right->next;
    }
    return !left && !right;
}

bool wht_case_equal(const struct wht_case *a, const struct wht_case *b, enum wht_sameness sameness)
{
    const enum wht_print form = sameness == WHT_SAME_WHOLE ? WHT_PRINT_ALL : WHT_PRINT_MEANING;
    struct wht_arena *arena = wht_arena_new();
    bool is_same = is_same_node(wht_print_case(arena, a, form), wht_print_case(arena, b, form));
    wht_arena_free(arena);
    return is_same;
}
