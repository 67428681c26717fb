/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "run/select.h"

static struct wht_case *named(char *file, const char *id)
{
    struct wht_case *c = wht_case_new(id, WHT_MODE_LONG64, 0);
    c->name = c->file = file;
    return c;
}

static bool selects(const struct wht_selection *selection, char *file, const char *id)
{
    struct wht_case *c = named(file, id);
    const bool is_selected = wht_selects(selection, c);
    wht_case_free(c);
    return is_selected;
}

Test(select, of_a_file_whose_tests_are_named_these_are_meant)
{
    static char first[] = "traces/a.json", second[] = "traces/a.json.gz";
    struct wht_selection selection = {.filters = NULL};
    cr_expect(!wht_has_selection(&selection));
    cr_expect(selects(&selection, first, "x"));
    wht_words_add(&selection.tests, "traces/a.json#x");
    wht_words_add(&selection.tests, "traces/a.json#z");
    cr_expect(wht_has_selection(&selection));
    cr_expect(selects(&selection, first, "x"));
    cr_expect(selects(&selection, first, "z"));
    cr_expect(!selects(&selection, first, "y"));
    cr_expect(!selects(&selection, first, "xz"));
    cr_expect(selects(&selection, second, "y"), "another file");
    wht_selection_free(&selection);
}

Test(select, one_of_each_kind_must_hold)
{
    static const struct wht_option option = {.name = "filter"};
    static const struct wht_args args = {.verb = "run"};
    static char file[] = "traces/a.json";
    struct wht_selection selection = {.filters = NULL};
    cr_assert(wht_take_pattern(&args, &option, "b.json", &selection));
    cr_assert(wht_take_pattern(&args, &option, "a.json", &selection));
    cr_expect(selects(&selection, file, "x"));
    cr_assert(wht_take_filter(&args, &option, "id(y)", &selection));
    cr_expect(!selects(&selection, file, "x"));
    cr_assert(wht_take_filter(&args, &option, "id(x)", &selection));
    cr_expect(selects(&selection, file, "x"));
    cr_expect(!wht_take_filter(&args, &option, "id(x", &selection));
    for (unsigned i = 2; i < WHT_SELECTED_MAX; i++)
        cr_assert(wht_take_filter(&args, &option, "id(z)", &selection));
    cr_expect(!wht_take_filter(&args, &option, "id(z)", &selection), "one too many");
    cr_expect(selects(&selection, file, "x"));
    wht_selection_free(&selection);
}
