/* SPDX-License-Identifier: MIT */
#include "pattern.h"

#include <stddef.h>

/* On a mismatch the last `*` takes one character more. @param star what follows it, if there is one
 * before the pattern. @param any stands for any character. */
static bool matches(const char *pattern, const char *text, const char *star, char any, bool is_all)
{
    const char *resume = text;
    for (;;) {
        bool is_end = *pattern == 0;
        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (!is_end && *text && (*pattern == *text || *pattern == any)) {
            pattern++;
            text++;
        } else if (is_end && (!is_all || *text == 0)) {
            return true;
        } else if (star && *resume) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
}

bool wht_pattern_is(const char *pattern, const char *text)
{
    return matches(pattern, text, NULL, 0, true);
}

bool wht_pattern_is_in(const char *pattern, const char *text)
{
    return matches(pattern, text, pattern, '?', false);
}
