/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <stdlib.h>
#include <string.h>

static const char *const rule_texts[] = {
#define WHT_RULE(id, text) [WHT_RULE_##id] = text,
#include "rules.def"
};

const char *wht_rule_text(enum wht_rule rule)
{
    return rule_texts[rule];
}

static int compare_addresses(const void *a, const void *b)
{
    const struct wht_want_memory *left = *(const struct wht_want_memory *const *)a;
    const struct wht_want_memory *right = *(const struct wht_want_memory *const *)b;
    return (left->gpa > right->gpa) - (left->gpa < right->gpa);
}

static bool list_memory(struct wht_run *run, const struct wht_expect *expect)
{
    if (expect->memory_count > run->listed_capacity) {
        free(run->listed);
        run->listed = malloc(expect->memory_count * sizeof(*run->listed));
        run->listed_capacity = run->listed ? expect->memory_count : 0;
        if (!run->listed)
            return false;
    }
    for (size_t i = 0; i < expect->memory_count; i++)
        run->listed[i] = &expect->memory[i];
    if (expect->memory_count > 1)
        qsort(run->listed, expect->memory_count, sizeof(*run->listed), compare_addresses);
    return true;
}

static bool is_about_alignment(const struct wht_case *c)
{
    for (size_t i = 0; i < c->flags.count; i++)
        if (strcmp(c->flags.items[i], WHT_FLAG_UNALIGNED) == 0)
            return true;
    return false;
}

bool wht_run_load(struct wht_run *run, const struct wht_case *c)
{
    run->unaligned = 0;
    return wht_guest_load(&run->guest, c) && wht_answers_load(&run->answers, &run->guest) &&
           list_memory(run, &c->expect);
}

/* What a divergence points at belongs to the case before, which is gone. The callback itself is
   large and only valid with has_actual. */
static void forget_divergence(struct wht_divergence *d)
{
    d->kind = WHT_DIVERGES_NOT;
    d->number = 0;
    d->total = 0;
    d->has_actual = false;
    d->expected = (struct wht_expected_call){.call = NULL};
    d->nearest = (struct wht_expected_call){.call = NULL};
    d->nearest_number = 0;
    d->nearest_is_equal = false;
    d->comes_later = false;
    d->differing = 0;
}

bool wht_run_start(struct wht_run *run, enum wht_match level, uint8_t poison,
                   struct wht_result *result)
{
    const struct wht_case *c = run->guest.c;
    run->level = level;
    run->judges_alignment = run->level == WHT_MATCH_STRICT && is_about_alignment(c);
    run->poison = poison;
    run->is_set_done = false;
    run->is_set_called = false;
    run->has_failed = false;
    run->compared = 0;
    run->after = 0;
    run->digest = 0;
    run->result = result;
    result->level = level;
    result->passed = false;
    result->was_ended = false;
    result->cut_after = 0;
    result->callbacks = 0;
    result->matched_count = 0;
    forget_divergence(&result->divergence);
    result->differing = 0;
    result->reg_count = 0;
    result->memory_count = 0;
    result->unasked_count = 0;
    wht_guest_reset(&run->guest);
    wht_answers_reset(&run->answers);
    return run->level == WHT_MATCH_EFFECTS ||
           wht_cursor_start(&run->cursor, &run->guest, run->level);
}

void wht_run_free(struct wht_run *run)
{
    wht_guest_free(&run->guest);
    wht_cursor_free(&run->cursor);
    wht_answers_free(&run->answers);
    free(run->listed);
    run->listed = NULL;
    run->listed_capacity = 0;
}

static void keep_arrays(struct wht_result *result, struct wht_event *event)
{
    if (event->count > WHT_BATCH_MAX)
        event->count = WHT_BATCH_MAX;
    if (event->names && event->count > 0)
        memcpy(result->names, event->names, event->count * sizeof(*result->names));
    event->names = result->names;
    if (event->values && event->count > 0) {
        memcpy(result->values, event->values, event->count * sizeof(*result->values));
        event->values = result->values;
    }
}

void wht_run_diverge(struct wht_run *run, const struct wht_divergence *divergence)
{
    struct wht_divergence *first = &run->result->divergence;
    if (first->kind != WHT_DIVERGES_NOT)
        return;
    *first = *divergence;
    if (run->level != WHT_MATCH_EFFECTS)
        first->total = wht_compared_count(&run->guest, run->level);
    run->after_max = WHT_AFTER_MAX + WHT_AFTER_EACH_MAX * (uint32_t)first->total;
    if (!first->has_actual)
        return;
    keep_arrays(run->result, &first->actual);
    if (run->level == WHT_MATCH_EFFECTS)
        return;
    struct wht_nearest nearest =
        wht_find_nearest(&run->guest, run->level, &first->actual, first->number, &first->expected);
    first->nearest = nearest.expected;
    first->nearest_number = nearest.number;
    first->nearest_is_equal = nearest.is_equal;
}

void wht_run_break_rule(struct wht_run *run, enum wht_rule rule)
{
    struct wht_divergence d = {.kind = WHT_DIVERGES_RULE, .rule = rule};
    wht_run_diverge(run, &d);
}
