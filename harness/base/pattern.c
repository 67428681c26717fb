/* SPDX-License-Identifier: MIT */
#include "pattern.h"

#include <stddef.h>
#include <string.h>

/* How a pattern stands for a text. */
struct manner {
    /** Stands for any character; 0: none does. */
    char any;
    bool ignores_case;
    /** The text may go on behind it. */
    bool is_part;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same(char pattern, char text, const struct manner *manner)
{
    return pattern == text || (manner->any && pattern == manner->any) ||
           (manner->ignores_case && lower(pattern) == lower(text));
}

/* On a mismatch the last `*` takes one character more. @param end of the text. @param star what
 * follows the last `*`, if there is one before the pattern. */
static bool matches(const char *pattern, const char *text, const char *end, const char *star,
                    const struct manner *manner)
{
    const char *resume = text;
    for (;;) {
        bool is_end = *pattern == 0;
        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (!is_end && text < end && is_same(*pattern, *text, manner)) {
            pattern++;
            text++;
        } else if (is_end && (manner->is_part || text == end)) {
            return true;
        } else if (star && resume < end) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
}

bool wht_pattern_is(const char *pattern, const char *text)
{
    static const struct manner manner = {.any = 0};
    return matches(pattern, text, text + strlen(text), NULL, &manner);
}

bool wht_pattern_is_in(const char *pattern, const char *text)
{
    static const struct manner manner = {.any = '?', .is_part = true};
    return matches(pattern, text, text + strlen(text), pattern, &manner);
}

bool wht_pattern_is_like(const char *pattern, const char *text, size_t size)
{
    static const struct manner manner = {.any = '?', .ignores_case = true};
    return matches(pattern, text, text + size, NULL, &manner);
}
