/* SPDX-License-Identifier: MIT */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t min = a < b ? a : b;
    return min < c ? min : c;
}

static int folded(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* How many letters must be changed, added, dropped or exchanged with their neighbour to make one
 * short word of another, upper and lower case being the same. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][64];
    size_t length = strlen(b);
    size_t i = 1;
    if (length >= 63 || strlen(a) >= 63)
        return 64;
    for (size_t j = 0; j <= length; j++)
        rows[0][j] = j;
    for (; a[i - 1]; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        const size_t *higher = rows[(i + 1) % 3]; /* two above */
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            bool differs = folded(a[i - 1]) != folded(b[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1]) && higher[j - 2] + 1 < row[j])
                row[j] = higher[j - 2] + 1;
        }
    }
    return rows[(i - 1) % 3][length];
}

const char *wht_did_you_mean(const char *text, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t length = strlen(text);
    size_t best_distance = (length + 2) / 3;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(names[i]);
        if ((length > other ? length - other : other - length) > best_distance)
            continue;
        size_t d = distance(text, names[i]);
        if (d <= best_distance && d < other) {
            best = names[i];
            best_distance = d == 0 ? 0 : d - 1;
        }
    }
    return best;
}

const char *wht_nearest_word(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 2 + 1;
    for (; *candidates; candidates++) {
        size_t d = distance(word, *candidates);
        bool starts = strlen(word) > 2 && strncmp(word, *candidates, strlen(word)) == 0;
        if (starts)
            d = 1;
        if (d < best_distance) {
            best = *candidates;
            best_distance = d;
        }
    }
    return best;
}
