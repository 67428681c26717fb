/* SPDX-License-Identifier: MIT */
#include "scores.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "words/name_lists.h"
#include "words/names.h"

_Static_assert(WHT_MODES == WHT_MODE_NAMES, "a score has a count for each mode");

static struct wht_score *at(struct wht_scores *scores, const char *name)
{
    const size_t size = strlen(name);
    if (scores->count == WHT_SCORES_MAX && !wht_map_has(&scores->places, name, size))
        return NULL;
    uint64_t *place = wht_map_at(&scores->places, name, size);
    if (*place == 0) {
        scores->items =
            wht_grow(scores->items, scores->count, &scores->capacity, sizeof(*scores->items));
        scores->items[scores->count++] = (struct wht_score){.name = wht_copy_text(name)};
        *place = scores->count;
    }
    return &scores->items[*place - 1];
}

static int mode_of(const char *name)
{
    for (int i = 0; i < WHT_MODES; i++)
        if (strcmp(name, wht_mode_names[i]) == 0)
            return i;
    return -1;
}

void wht_scores_add(struct wht_scores *scores, const char *name,
                    const struct wht_report_case *result)
{
    struct wht_score *score = *name ? at(scores, name) : NULL;
    const int mode = mode_of(result->mode);
    if (!score)
        return;
    score->outcomes[result->outcome]++;
    for (int level = WHT_MATCH_EFFECTS; level <= WHT_MATCH_STRICT; level++) {
        score->judged[level] += result->judged >> level & 1;
        score->level_passed[level] += result->passed >> level & 1;
    }
    if (mode < 0 || result->outcome == WHT_OUTCOME_SKIPPED)
        return;
    score->mode_cases[mode]++;
    score->mode_failed[mode] += result->outcome != WHT_OUTCOME_PASSED;
}

uint64_t wht_score_cases(const struct wht_score *score)
{
    uint64_t cases = 0;
    for (int i = 0; i < WHT_OUTCOME_COUNT; i++)
        cases += i == WHT_OUTCOME_SKIPPED ? 0 : score->outcomes[i];
    return cases;
}

unsigned wht_score_permille(const struct wht_score *score)
{
    const uint64_t cases = wht_score_cases(score);
    return cases == 0 ? 0 : (unsigned)(score->outcomes[WHT_OUTCOME_PASSED] * 1000 / cases);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct wht_score *)a)->name, ((const struct wht_score *)b)->name);
}

static int by_score(const void *a, const void *b)
{
    const unsigned first = wht_score_permille(a), second = wht_score_permille(b);
    const uint64_t of_first = wht_score_cases(a), of_second = wht_score_cases(b);
    return first != second         ? (first > second) - (first < second)
           : of_first != of_second ? (of_first < of_second) - (of_first > of_second)
                                   : by_name(a, b);
}

void wht_scores_sort(struct wht_scores *scores)
{
    if (scores->count > 0)
        qsort(scores->items, scores->count, sizeof(*scores->items), by_name);
}

void wht_scores_sort_lowest(struct wht_scores *scores)
{
    if (scores->count > 0)
        qsort(scores->items, scores->count, sizeof(*scores->items), by_score);
}

void wht_scores_free(struct wht_scores *scores)
{
    for (size_t i = 0; i < scores->count; i++)
        free(scores->items[i].name);
    free(scores->items);
    wht_map_free(&scores->places);
    *scores = (struct wht_scores){.items = NULL};
}

static void add_level(struct wht_text *text, uint64_t passed, uint64_t judged)
{
    if (judged == 0)
        wht_text_addf(text, "%8s", "-");
    else
        wht_text_addf(text, "%5u.%u%%", (unsigned)(passed * 1000 / judged) / 10,
                      (unsigned)(passed * 1000 / judged) % 10);
}

/* Of the column of an outcome: seven digits, or its name. */
static int width(int outcome)
{
    const int name = (int)strlen(wht_outcome_name((enum wht_case_outcome)outcome));
    return name >= 8 ? name + 1 : 8;
}

void wht_scores_families(struct wht_text *text, const struct wht_scores *families)
{
    wht_text_addf(text, "  %-10s", "family");
    for (int i = 0; i < WHT_OUTCOME_COUNT; i++)
        wht_text_addf(text, "%*s", width(i), wht_outcome_name((enum wht_case_outcome)i));
    for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--)
        wht_text_addf(text, "%8s", wht_match_name((enum wht_match)level));
    for (size_t i = 0; i < families->count; i++) {
        const struct wht_score *score = &families->items[i];
        wht_text_addf(text, "\n  %-10s", score->name);
        for (int outcome = 0; outcome < WHT_OUTCOME_COUNT; outcome++)
            wht_text_addf(text, "%*" PRIu64, width(outcome), score->outcomes[outcome]);
        for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--)
            add_level(text, score->level_passed[level], score->judged[level]);
    }
    wht_text_add(text, "\n");
}

void wht_scores_instructions(struct wht_text *text, const struct wht_scores *instructions,
                             size_t most)
{
    for (size_t i = 0; i < instructions->count && i < most; i++) {
        const struct wht_score *score = &instructions->items[i];
        wht_text_addf(text, "  %-16s%5u.%u%%  %" PRIu64 " of %" PRIu64 " pass\n", score->name,
                      wht_score_permille(score) / 10, wht_score_permille(score) % 10,
                      score->outcomes[WHT_OUTCOME_PASSED], wht_score_cases(score));
    }
}
