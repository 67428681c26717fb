/* SPDX-License-Identifier: MIT */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

static int compare_addresses(const void *a, const void *b)
{
    const struct wht_want_memory *left = *(const struct wht_want_memory *const *)a;
    const struct wht_want_memory *right = *(const struct wht_want_memory *const *)b;
    return (left->gpa > right->gpa) - (left->gpa < right->gpa);
}

static bool list_memory(struct wht_judge *judge, const struct wht_expect *expect)
{
    if (expect->memory_count > judge->listed_capacity) {
        free(judge->listed);
        judge->listed = malloc(expect->memory_count * sizeof(*judge->listed));
        judge->listed_capacity = judge->listed ? expect->memory_count : 0;
        if (!judge->listed)
            return false;
    }
    for (size_t i = 0; i < expect->memory_count; i++)
        judge->listed[i] = &expect->memory[i];
    if (expect->memory_count > 1)
        qsort(judge->listed, expect->memory_count, sizeof(*judge->listed), compare_addresses);
    return true;
}

static bool is_about_alignment(const struct wht_case *c)
{
    for (size_t i = 0; i < c->flags.count; i++)
        if (strcmp(c->flags.items[i], WHT_FLAG_UNALIGNED) == 0)
            return true;
    return false;
}

bool wht_judge_load(struct wht_judge *judge, const struct wht_case *c)
{
    judge->unaligned = 0;
    return wht_session_load(&judge->session, c) && list_memory(judge, &c->expect);
}

void wht_judge_free(struct wht_judge *judge)
{
    wht_session_free(&judge->session);
    wht_cursor_free(&judge->cursor);
    free(judge->listed);
    judge->listed = NULL;
    judge->listed_capacity = 0;
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

static void clear(struct wht_result *result, enum wht_match level)
{
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

void wht_judge_diverge(struct wht_judge *judge, const struct wht_divergence *divergence)
{
    const struct wht_guest *guest = &judge->session.guest;
    struct wht_divergence *first = &judge->result->divergence;
    if (first->kind != WHT_DIVERGES_NOT)
        return;
    *first = *divergence;
    judge->session.injects = false;
    if (judge->level != WHT_MATCH_EFFECTS)
        first->total = wht_compared_count(guest, judge->level);
    judge->after_max = WHT_AFTER_MAX + WHT_AFTER_EACH_MAX * (uint32_t)first->total;
    if (!first->has_actual)
        return;
    keep_arrays(judge->result, &first->actual);
    if (judge->level == WHT_MATCH_EFFECTS)
        return;
    struct wht_nearest nearest =
        wht_find_nearest(guest, judge->level, &first->actual, first->number, &first->expected);
    first->nearest = nearest.expected;
    first->nearest_number = nearest.number;
    first->nearest_is_equal = nearest.is_equal;
}

static bool has_diverged(const struct wht_judge *judge)
{
    return judge->result->divergence.kind != WHT_DIVERGES_NOT;
}

/* What comes after a divergence tells whether the expected callback was left out or only late. */
static void look_out(struct wht_divergence *d, const struct wht_event *event)
{
    if (d->kind == WHT_DIVERGES_CALL && !d->comes_later)
        d->comes_later = wht_match(&d->expected, event) == 0;
}

static bool is_batch(const struct wht_event *event)
{
    return event->kind == WHT_CALL_GET || event->kind == WHT_CALL_SET;
}

static bool on_callback(void *watcher, const struct wht_event *event)
{
    struct wht_judge *judge = watcher;
    if (!has_diverged(judge))
        return true;
    if (++judge->after > judge->after_max) {
        judge->result->cut_after = judge->after_max;
        return false;
    }
    /* The arrays of a batch may only be read once they have been checked. */
    if (!is_batch(event))
        look_out(&judge->result->divergence, event);
    return true;
}

static unsigned unaligned_array(enum wht_rule rule, const struct wht_event *event)
{
    bool is_get = event->kind == WHT_CALL_GET;
    if (rule == WHT_RULE_UNALIGNED_NAMES)
        return is_get ? WHT_UNALIGNED_GET_NAMES : WHT_UNALIGNED_SET_NAMES;
    return is_get ? WHT_UNALIGNED_GET_VALUES : WHT_UNALIGNED_SET_VALUES;
}

static bool on_broken_rule(void *watcher, enum wht_rule rule, const struct wht_event *event,
                           WHV_REGISTER_NAME name)
{
    struct wht_judge *judge = watcher;
    struct wht_divergence d = {.kind = WHT_DIVERGES_RULE, .rule = rule, .reg = name};
    if (rule == WHT_RULE_UNALIGNED_NAMES || rule == WHT_RULE_UNALIGNED_VALUES) {
        judge->unaligned |= unaligned_array(rule, event);
        if (!judge->judges_alignment)
            return true;
    }
    if (event) {
        d.number = judge->session.callbacks;
        d.has_actual = true;
        d.actual = *event;
    }
    wht_judge_diverge(judge, &d);
    return rule == WHT_RULE_CONTEXT;
}

static bool is_compared(const struct wht_judge *judge, const struct wht_event *event,
                        enum wht_place place)
{
    if (judge->level != WHT_MATCH_DEVICE)
        return judge->level == WHT_MATCH_STRICT;
    return !is_batch(event) && event->kind != WHT_CALL_TRANSLATE && place != WHT_PLACE_MODEL &&
           place != WHT_PLACE_EMPTY;
}

/* Compares with the next expected element, which answers if it is equal. */
static const struct wht_call *find_element(void *watcher, const struct wht_event *event,
                                           enum wht_place place)
{
    struct wht_judge *judge = watcher;
    struct wht_result *result = judge->result;
    struct wht_expected_call at = {NULL, 0};
    if (has_diverged(judge)) {
        if (is_batch(event))
            look_out(&result->divergence, event);
        return NULL;
    }
    if (!is_compared(judge, event, place))
        return NULL;
    judge->digest = wht_digest_event(judge->digest, event);
    uint32_t number = ++judge->session.listed;
    if (wht_cursor_step(&judge->cursor, event, &at) == WHT_STEP_MATCHED) {
        result->matched[number % WHT_MATCHED_MAX] = at;
        result->matched_count = number;
        return at.call;
    }
    struct wht_divergence d = {.kind = at.call ? WHT_DIVERGES_CALL : WHT_DIVERGES_EXTRA,
                               .number = number,
                               .has_actual = true,
                               .actual = *event,
                               .expected = at,
                               .differing = at.call ? wht_match(&at, event) : 0};
    wht_judge_diverge(judge, &d);
    return NULL;
}

static void diverge_at(struct wht_judge *judge, enum wht_divergence_kind kind,
                       const struct wht_event *event, WHV_REGISTER_NAME name)
{
    struct wht_divergence d = {.kind = kind,
                               .number = judge->session.listed,
                               .has_actual = true,
                               .actual = *event,
                               .reg = name};
    wht_judge_diverge(judge, &d);
}

static bool on_unanswered(void *watcher, const struct wht_event *event, enum wht_place place)
{
    if (place == WHT_PLACE_HOLE)
        return true;
    diverge_at(watcher, WHT_DIVERGES_UNANSWERED, event, (WHV_REGISTER_NAME)0);
    return false;
}

static bool on_uncaptured(void *watcher, const struct wht_event *event, WHV_REGISTER_NAME name)
{
    diverge_at(watcher, WHT_DIVERGES_NOT_CAPTURED, event, name);
    return false;
}

static const struct wht_observer observer = {
    .on_callback = on_callback,
    .on_broken_rule = on_broken_rule,
    .find_element = find_element,
    .on_unanswered = on_unanswered,
    .on_uncaptured = on_uncaptured,
};

bool wht_judge_call(struct wht_judge *judge, const struct wht_handles *handles,
                    enum wht_match level, unsigned flipped, struct wht_result *result)
{
    struct wht_session *session = &judge->session;
    judge->level = level;
    judge->judges_alignment = level == WHT_MATCH_STRICT && is_about_alignment(session->guest.c);
    judge->after = 0;
    judge->digest = 0;
    judge->result = result;
    clear(result, level);
    wht_session_start(session, flipped);
    session->observer = &observer;
    session->watcher = judge;
    session->injects = level != WHT_MATCH_STRICT;
    if (level != WHT_MATCH_EFFECTS && !wht_cursor_start(&judge->cursor, &session->guest, level))
        return false;
    wht_session_call(session, handles);
    result->was_ended = session->was_ended;
    result->callbacks = session->callbacks;
    result->hr = session->hr;
    result->status = session->status;
    return true;
}
