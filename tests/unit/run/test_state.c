/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/state.h"
#include "scratch.h"

static void note(struct wht_state *state, const char *const *failed, const char *const *passed)
{
    for (; *failed; failed++)
        wht_state_note(state, *failed, true);
    for (; *passed; passed++)
        wht_state_note(state, *passed, false);
}

/* What the next run finds. */
static void expect_before(const char *expected)
{
    struct wht_state state;
    wht_state_read(&state, "/", "builtin");
    cr_expect_str_eq(wht_text_get(&state.before), expected);
    wht_state_free(&state);
}

static void one_run(const char *const *failed, const char *const *passed, bool is_whole)
{
    struct wht_state state;
    wht_state_read(&state, "/", "builtin");
    note(&state, failed, passed);
    wht_state_write(&state, is_whole);
    wht_state_free(&state);
}

Test(state, what_failed_is_known_until_it_passes)
{
    static const char *const none[] = {NULL}, *const ab[] = {"a", "b", NULL},
                             *const b[] = {"b", NULL}, *const c[] = {"c", NULL};
    char place[512];
    snprintf(place, sizeof(place), "%s/deep/er", scratch_folder());
    cr_assert_eq(setenv("WHVTRACE_STATE", place, 1), 0);
    one_run(none, ab, true);
    cr_expect(access(place, F_OK) != 0, "nothing to remember, no folder");
    one_run(ab, none, false);
    expect_before("a\nb\n");
    one_run(c, b, false);
    expect_before("a\nc\n");
    one_run(c, none, false);
    expect_before("a\nc\n");
    one_run(b, none, true);
    expect_before("b\n");
    one_run(none, b, false);
    expect_before("");
}

Test(state, another_folder_or_emulator_has_its_own)
{
    static const char *const a[] = {"a", NULL}, *const none[] = {NULL};
    struct wht_state state;
    cr_assert_eq(setenv("WHVTRACE_STATE", scratch_folder(), 1), 0);
    one_run(a, none, true);
    expect_before("a\n");
    wht_state_read(&state, "/", "/nothing.so");
    cr_expect_eq(state.before.size, 0);
    wht_state_free(&state);
    wht_state_read(&state, "/tmp", "builtin");
    cr_expect_eq(state.before.size, 0);
    wht_state_free(&state);
}

Test(state, without_a_place_nothing_is_remembered)
{
    static const char *const a[] = {"a", NULL}, *const none[] = {NULL};
    cr_assert_eq(unsetenv("WHVTRACE_STATE") | unsetenv("XDG_STATE_HOME") |
                     unsetenv("LOCALAPPDATA") | unsetenv("HOME"),
                 0);
    one_run(a, none, true);
    expect_before("");
    cr_assert_eq(setenv("XDG_STATE_HOME", "relative", 1), 0);
    one_run(a, none, true);
    expect_before("");
}
