/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base/pattern.h"

static const struct {
    const char *pattern;
    const char *text;
    bool is;
    bool is_in;
} rows[] = {{"", "", true, true},
            {"", "a", false, true},
            {"a", "", false, false},
            {"mov", "mov", true, true},
            {"mov", "movs", false, true},
            {"mov", "cmov", false, true},
            {"*", "", true, true},
            {"*", "abc", true, true},
            {"a*", "abc", true, true},
            {"*c", "abc", true, true},
            {"*b", "abc", false, true},
            {"a*c", "abc", true, true},
            {"a*c", "ac", true, true},
            {"a*c", "abcd", false, true},
            {"b*d", "abcd", false, true},
            {"b*e", "abcd", false, false},
            {"a**d", "abcd", true, true},
            {"*ab*ab*", "abab", true, true},
            {"*ab*ab*", "aba", false, false},
            {"*aab", "aaaab", true, true},
            {"aab", "aaaab", false, true},
            {"?", "?", true, true},
            {"?", "a", false, true},
            {"?", "", false, false},
            {"a?c", "abc", false, true},
            {"a?c", "ac", false, false},
            {"a?*d", "abcd", false, true}};

Test(pattern, a_star_stands_for_any_run_and_a_question_mark_for_a_character_of_a_part)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(wht_pattern_is(rows[i].pattern, rows[i].text), rows[i].is, "%s is %s",
                     rows[i].pattern, rows[i].text);
        cr_expect_eq(wht_pattern_is_in(rows[i].pattern, rows[i].text), rows[i].is_in, "%s in %s",
                     rows[i].pattern, rows[i].text);
    }
}

Test(pattern, a_word_is_compared_whole_and_its_case_does_not_matter)
{
    cr_expect(wht_pattern_is_like("Mov*", "MOVSX", 5));
    cr_expect(wht_pattern_is_like("mov?x", "MOVSX", 5));
    cr_expect(!wht_pattern_is_like("ovs*", "MOVSX", 5));
    cr_expect(wht_pattern_is_like("mov", "MOVSX", 3), "no more than its size");
    cr_expect(!wht_pattern_is_like("movs", "MOVSX", 3));
    cr_expect(wht_pattern_is_like("*", "", 0));
    cr_expect(!wht_pattern_is_like("?", "a", 0));
    cr_expect(!wht_pattern_is_like("@", "`", 1));
}
