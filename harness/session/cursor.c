/* SPDX-License-Identifier: MIT */
#include "cursor.h"

#include <stdlib.h>
#include <string.h>

/* What an element says of a callback that has not come to it yet. */
enum readiness {
    ACCEPTS, /* its first compared element is this callback */
    MAY_BE_SKIPPED,
    REFUSES
};

static enum readiness element_readiness(const struct wht_cursor *cursor,
                                        const struct wht_expected_call *expected,
                                        const struct wht_event *event,
                                        struct wht_expected_call *at);

static enum readiness list_readiness(const struct wht_cursor *cursor, const struct wht_call *list,
                                     size_t count, uint64_t offset, const struct wht_event *event,
                                     struct wht_expected_call *at)
{
    for (size_t i = 0; i < count; i++) {
        struct wht_expected_call expected = {&list[i], offset};
        enum readiness r = element_readiness(cursor, &expected, event, at);
        if (r != MAY_BE_SKIPPED)
            return r;
    }
    return MAY_BE_SKIPPED;
}

static enum readiness any_order_readiness(const struct wht_cursor *cursor,
                                          const struct wht_call *list, size_t count,
                                          const bool *done, size_t first, uint64_t offset,
                                          const struct wht_event *event,
                                          struct wht_expected_call *at, size_t *which)
{
    enum readiness result = MAY_BE_SKIPPED;
    for (size_t i = first; i < count; i++) {
        struct wht_expected_call expected = {&list[i], offset};
        struct wht_expected_call refused;
        if (done && done[i])
            continue;
        enum readiness r = element_readiness(cursor, &expected, event, &refused);
        if (r == ACCEPTS) {
            *which = i;
            return ACCEPTS;
        }
        if (r == REFUSES && result == MAY_BE_SKIPPED) {
            *at = refused;
            result = REFUSES;
        }
    }
    return result;
}

static enum readiness repeat_readiness(const struct wht_cursor *cursor,
                                       const struct wht_expected_call *expected,
                                       const struct wht_event *event, struct wht_expected_call *at)
{
    const struct wht_call *call = expected->call;
    for (uint32_t turn = 0; turn < call->repeat; turn++) {
        enum readiness r =
            list_readiness(cursor, call->children, call->child_count,
                           expected->offset + turn * (uint64_t)call->step, event, at);
        if (r != MAY_BE_SKIPPED)
            return r;
    }
    return MAY_BE_SKIPPED;
}

static enum readiness element_readiness(const struct wht_cursor *cursor,
                                        const struct wht_expected_call *expected,
                                        const struct wht_event *event, struct wht_expected_call *at)
{
    const struct wht_call *call = expected->call;
    struct wht_expected_call ignored;
    size_t which;
    switch (call->kind) {
    case WHT_CALL_OPTIONAL:
        return list_readiness(cursor, call->children, call->child_count, expected->offset, event,
                              &ignored) == ACCEPTS
                   ? ACCEPTS
                   : MAY_BE_SKIPPED;
    case WHT_CALL_REPEAT:
        return repeat_readiness(cursor, expected, event, at);
    case WHT_CALL_ANY_ORDER:
        return any_order_readiness(cursor, call->children, call->child_count, NULL, 0,
                                   expected->offset, event, at, &which);
    default:
        break;
    }
    if (!wht_is_compared(cursor->guest, cursor->level, expected))
        return MAY_BE_SKIPPED;
    if (event && wht_match(expected, event) == 0)
        return ACCEPTS;
    *at = *expected;
    return REFUSES;
}

static bool push(struct wht_cursor *cursor, const struct wht_nesting *frame)
{
    if (cursor->depth == cursor->capacity) {
        size_t capacity = cursor->capacity ? 2 * cursor->capacity : 8;
        struct wht_nesting *frames = realloc(cursor->frames, capacity * sizeof(*frames));
        if (!frames)
            return false;
        cursor->frames = frames;
        cursor->capacity = capacity;
    }
    cursor->frames[cursor->depth++] = *frame;
    return true;
}

static bool push_any_order(struct wht_cursor *cursor, const struct wht_call *call, uint64_t offset)
{
    size_t needed = cursor->mark_count + call->child_count;
    if (needed > cursor->mark_capacity) {
        bool *marks = realloc(cursor->marks, 2 * needed * sizeof(*marks));
        if (!marks)
            return false;
        cursor->marks = marks;
        cursor->mark_capacity = 2 * needed;
    }
    memset(cursor->marks + cursor->mark_count, 0, call->child_count * sizeof(*cursor->marks));
    struct wht_nesting frame = {.list = call->children,
                                .count = call->child_count,
                                .offset = offset,
                                .is_any_order = true,
                                .marks = cursor->mark_count};
    cursor->mark_count = needed;
    return push(cursor, &frame);
}

static bool push_group(struct wht_cursor *cursor, const struct wht_call *call, uint64_t offset)
{
    if (call->kind == WHT_CALL_ANY_ORDER)
        return push_any_order(cursor, call, offset);
    struct wht_nesting frame = {
        .list = call->children, .count = call->child_count, .offset = offset};
    if (call->kind == WHT_CALL_REPEAT) {
        frame.step = (uint64_t)call->step;
        frame.turns_left = call->repeat - 1;
    }
    return push(cursor, &frame);
}

static void pop(struct wht_cursor *cursor)
{
    struct wht_nesting *frame = &cursor->frames[--cursor->depth];
    if (frame->is_any_order)
        cursor->mark_count = frame->marks;
}

/* The inner loop of wht_cursor_step() goes on while a step has only changed the place. */
#define GO_ON ((enum wht_step)(-1))

static enum wht_step step_any_order(struct wht_cursor *cursor, const struct wht_event *event,
                                    struct wht_expected_call *at)
{
    struct wht_nesting *frame = &cursor->frames[cursor->depth - 1];
    bool *done = cursor->marks + frame->marks;
    size_t which;
    while (frame->index < frame->count && done[frame->index])
        frame->index++;
    switch (any_order_readiness(cursor, frame->list, frame->count, done, frame->index,
                                frame->offset, event, at, &which)) {
    case REFUSES:
        return WHT_STEP_DIFFERS;
    case MAY_BE_SKIPPED:
        pop(cursor);
        return GO_ON;
    case ACCEPTS:
        break;
    }
    done[which] = true;
    struct wht_nesting child = {.list = &frame->list[which], .count = 1, .offset = frame->offset};
    return push(cursor, &child) ? GO_ON : WHT_STEP_NO_MEMORY;
}

static enum wht_step step_element(struct wht_cursor *cursor, struct wht_nesting *frame,
                                  const struct wht_event *event, struct wht_expected_call *at)
{
    struct wht_expected_call expected = {&frame->list[frame->index], frame->offset};
    bool enter = wht_call_is_group(expected.call);
    enum readiness r = REFUSES;
    if (!enter || expected.call->kind == WHT_CALL_OPTIONAL)
        r = element_readiness(cursor, &expected, event, at);
    if (!enter && r == REFUSES)
        return WHT_STEP_DIFFERS;
    frame->index++;
    if (r == MAY_BE_SKIPPED)
        return GO_ON;
    if (enter)
        return push_group(cursor, expected.call, expected.offset) ? GO_ON : WHT_STEP_NO_MEMORY;
    *at = expected;
    return WHT_STEP_MATCHED;
}

enum wht_step wht_cursor_step(struct wht_cursor *cursor, const struct wht_event *event,
                              struct wht_expected_call *at)
{
    while (cursor->depth > 0) {
        struct wht_nesting *frame = &cursor->frames[cursor->depth - 1];
        enum wht_step step = GO_ON;
        if (frame->is_any_order) {
            step = step_any_order(cursor, event, at);
        } else if (frame->index < frame->count) {
            step = step_element(cursor, frame, event, at);
        } else if (frame->turns_left > 0) {
            frame->turns_left--;
            frame->index = 0;
            frame->offset += frame->step;
        } else {
            pop(cursor);
        }
        if (step != GO_ON)
            return step;
    }
    return WHT_STEP_AT_END;
}

bool wht_cursor_start(struct wht_cursor *cursor, const struct wht_guest *guest,
                      enum wht_match level)
{
    const struct wht_expect *expect = &guest->c->expect;
    cursor->guest = guest;
    cursor->level = level;
    cursor->depth = 0;
    cursor->mark_count = 0;
    struct wht_nesting root = {.list = expect->calls, .count = expect->call_count};
    return push(cursor, &root);
}

void wht_cursor_free(struct wht_cursor *cursor)
{
    free(cursor->frames);
    free(cursor->marks);
    *cursor = (struct wht_cursor){.frames = NULL};
}
