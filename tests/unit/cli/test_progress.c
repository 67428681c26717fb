/* SPDX-License-Identifier: MIT */
/* How long a run will take is said when it can be told, in words that are no more exact than it. */
#include <criterion/criterion.h>

#include "cli/progress.h"

static const struct {
    uint64_t done;
    uint64_t all;
    uint64_t elapsed_ms;
    const char *words;
} rows[] = {
    {0, 1000, 60000, ""},
    {1000, 1000, 60000, ""},
    /* Too early, and not far enough. */
    {500, 1000, 1999, ""},
    {20, 1000, 60000, ""},
    {500, 1000, 2000, ", about 2 s left"},
    {250, 1000, 10000, ", about 30 s left"},
    {500, 1000, 90000, ", about 2 min left"},
    {100, 1000, 3600000, ", about 9.0 h left"},
    {UINT64_MAX / 2, UINT64_MAX, 4000, ", about 4 s left"},
    {0, 0, 60000, ""},
};

Test(progress, time_left_is_guessed_from_what_is_done)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wht_text text = {.text = NULL};
        wht_add_time_left(&text, rows[i].done, rows[i].all, rows[i].elapsed_ms);
        cr_expect_str_eq(wht_text_get(&text), rows[i].words, "row %zu: '%s'", i,
                         wht_text_get(&text));
        wht_text_free(&text);
    }
}
