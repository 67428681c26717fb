/* SPDX-License-Identifier: MIT */
/* Text for terminals: nothing passes 80 columns, nothing commands the terminal. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "explain/columns.h"
#include "explain/describe.h"

static size_t longest_line(const char *text)
{
    size_t longest = 0;
    while (*text) {
        size_t size = strcspn(text, "\n");
        longest = size > longest ? size : longest;
        text += size + (text[size] == '\n');
    }
    return longest;
}

Test(text, words_are_broken_before_column_80)
{
    struct wht_text text = {.text = NULL};
    char words[2000] = "";
    for (size_t i = 0; i < 150; i++)
        strcat(words, i % 3 == 0 ? "of " : i % 3 == 1 ? "several " : "lengths ");
    wht_columns_words(&text, "note", words);
    cr_expect_leq(longest_line(wht_text_get(&text)), 80);
    cr_expect_gt(longest_line(wht_text_get(&text)), 70);
    wht_text_free(&text);
}

Test(text, of_a_note_without_end_the_start_is_shown)
{
    struct wht_text text = {.text = NULL};
    size_t size = 1u << 20;
    char *words = malloc(size + 1);
    cr_assert_not_null(words);
    for (size_t i = 0; i < size; i++)
        words[i] = "\xc3\xa4"[i % 2];
    words[size] = 0;
    wht_columns_words(&text, "note", words);
    cr_expect_lt(text.size, 2100);
    cr_expect_str_eq(wht_text_get(&text) + text.size - 6, "\xc3\xa4...\n");
    free(words);
    wht_text_free(&text);
}

static const struct {
    const char *expected;
    const char *actual;
} values[] = {
    {"0x1", "0x2"},
    {"0x80000001", "0x882 [OF SF], AF PF undefined, differs in OF"},
    {"{sel 0x10 base 0x0 limit 0xffffffff attr 0xc093}", "{sel 0x10 base 0x0 limit 0x0 attr 0x0}"},
    {"", "0x1"},
    {"0x1", ""},
};

Test(text, rows_stay_within_80_columns)
{
    static const char *const labels[] = {"rax", "interruptstate", "pendingdebugexception"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        for (size_t j = 0; j < 3; j++) {
            struct wht_text text = {.text = NULL};
            wht_columns_row(&text, false, true, labels[j], values[i].expected, values[i].actual);
            cr_expect_leq(longest_line(wht_text_get(&text)), 80, "%s", wht_text_get(&text));
            cr_expect(strstr(wht_text_get(&text), labels[j]) != NULL);
            wht_text_free(&text);
        }
}

static const struct {
    const char *from;
    const char *to;
} cleaned[] = {
    {"plain", "plain"},
    {"\xc3\xa4", "\xc3\xa4"},
    {"\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m"},
    {"a\nb\tc", "a\\x0ab\\x09c"},
    {"\xff", "\\xff"},
    {"\xc2\x9b", "\\xc2\\x9b"},
};

Test(text, control_characters_become_visible)
{
    for (size_t i = 0; i < sizeof(cleaned) / sizeof(cleaned[0]); i++) {
        struct wht_text text = {.text = NULL};
        wht_text_add_clean(&text, cleaned[i].from);
        cr_expect_str_eq(wht_text_get(&text), cleaned[i].to);
        wht_text_free(&text);
    }
}

Test(text, no_line_of_a_note_starts_a_command_of_github)
{
    struct wht_text text = {.text = NULL};
    wht_columns_words(&text, "note", "::error::x");
    cr_expect_eq(strstr(wht_text_get(&text), " ::"), NULL, "%s", wht_text_get(&text));
    wht_text_free(&text);
}

Test(text, colours_can_be_taken_out_again)
{
    struct wht_text text = {.text = NULL};
    struct wht_text plain = {.text = NULL};
    wht_text_add(&text, "a ");
    wht_text_colour(&text, true, WHT_RED, "red");
    wht_text_add(&text, " thing");
    wht_text_add_uncoloured(&plain, wht_text_get(&text));
    cr_expect_str_eq(wht_text_get(&plain), "a red thing");
    wht_text_free(&text);
    wht_text_free(&plain);
}

static const struct {
    const char *word;
    const char *quoted;
} words[] = {
    {"a/b.trace.json", "a/b.trace.json"}, {"", "''"},
    {"two words", "'two words'"},         {"it's", "'it'\\''s'"},
    {"a\033'\\b", "$'a\\x1b\\'\\\\b'"},   {"\xff", "$'\\xff'"},
};

Test(text, words_are_quoted_for_a_shell)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct wht_text text = {.text = NULL};
        wht_describe_shell_word(&text, words[i].word);
        cr_expect_str_eq(wht_text_get(&text), words[i].quoted);
        wht_text_free(&text);
    }
}
