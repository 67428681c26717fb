/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include <stdlib.h>
#include <string.h>

/* A case that repeats more than this would need another notation to be judged by its effects. */
#define ANSWERS_MAX (1u << 20)

#define PURPOSES                                                                                   \
    (WHvTranslateGvaFlagValidateRead | WHvTranslateGvaFlagValidateWrite |                          \
     WHvTranslateGvaFlagValidateExecute)

/* Grows an array of items of the given size by one place. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity ? 2 * *capacity : 16;
    void *grown = realloc(items, wanted * size);
    if (grown)
        *capacity = wanted;
    return grown;
}

static bool arms(const struct wht_call *call)
{
    if (call->has_fail)
        return call->kind != WHT_CALL_IO_IN && call->kind != WHT_CALL_IO_OUT;
    return call->kind == WHT_CALL_TRANSLATE &&
           ((call->has_result && call->result != WHvTranslateGvaResultSuccess) ||
            (call->has_gpa && call->gpa % WHT_PAGE_SIZE != 0));
}

static bool add_armed(void *user, const struct wht_expected_call *expected)
{
    struct wht_answers *answers = user;
    if (!arms(expected->call))
        return true;
    struct wht_armed *armed = grow(answers->armed, answers->armed_count, &answers->armed_capacity,
                                   sizeof(*answers->armed));
    if (!armed) {
        answers->is_out_of_memory = true;
        return false;
    }
    answers->armed = armed;
    armed[answers->armed_count++] = (struct wht_armed){.call = expected->call};
    return true;
}

bool wht_answers_load(struct wht_answers *answers, const struct wht_guest *guest)
{
    const struct wht_expect *expect = &guest->c->expect;
    answers->guest = guest;
    answers->count = 0;
    answers->first_open = 0;
    answers->are_listed = false;
    answers->armed_count = 0;
    answers->is_out_of_memory = false;
    wht_visit_elements(expect->calls, expect->call_count, add_armed, answers);
    return !answers->is_out_of_memory;
}

void wht_answers_reset(struct wht_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++)
        answers->items[i].used = 0;
    answers->first_open = 0;
    for (size_t i = 0; i < answers->armed_count; i++)
        answers->armed[i].is_fired = false;
}

void wht_answers_free(struct wht_answers *answers)
{
    free(answers->items);
    free(answers->armed);
    *answers = (struct wht_answers){.items = NULL};
}

static bool add_answer(void *user, const struct wht_expected_call *expected)
{
    struct wht_answers *answers = user;
    if (!wht_is_compared(answers->guest, WHT_MATCH_DEVICE, expected))
        return true;
    if (answers->count == ANSWERS_MAX)
        return false;
    struct wht_answer *items =
        grow(answers->items, answers->count, &answers->capacity, sizeof(*answers->items));
    if (!items) {
        answers->is_out_of_memory = true;
        return false;
    }
    answers->items = items;
    items[answers->count++] = (struct wht_answer){.expected = *expected};
    return true;
}

static void list_answers(struct wht_answers *answers)
{
    const struct wht_expect *expect = &answers->guest->c->expect;
    if (!answers->are_listed)
        wht_visit_calls(expect->calls, expect->call_count, add_answer, answers);
    answers->are_listed = true;
}

static bool covers(const struct wht_answer *answer, enum wht_call_kind kind, uint64_t address)
{
    const struct wht_expected_call *expected = &answer->expected;
    return expected->call->kind == kind &&
           address - wht_expected_address(expected) < expected->call->size;
}

static uint8_t byte_bit(const struct wht_answer *answer, uint64_t address)
{
    return (uint8_t)(1u << (address - wht_expected_address(&answer->expected)));
}

static struct wht_answer *find_answer(struct wht_answers *answers, enum wht_call_kind kind,
                                      uint64_t address)
{
    for (size_t i = answers->first_open; i < answers->count; i++) {
        struct wht_answer *item = &answers->items[i];
        if (covers(item, kind, address) && !(item->used & byte_bit(item, address)))
            return item;
    }
    for (size_t i = answers->count; i-- > 0;)
        if (covers(&answers->items[i], kind, address) && !answers->items[i].expected.call->has_fail)
            return &answers->items[i];
    return NULL;
}

static void close_used(struct wht_answers *answers)
{
    while (answers->first_open < answers->count) {
        const struct wht_answer *item = &answers->items[answers->first_open];
        if (item->used != (uint8_t)((1u << item->expected.call->size) - 1))
            break;
        answers->first_open++;
    }
}

struct wht_answered wht_answers_access(struct wht_answers *answers, const struct wht_event *event,
                                       uint8_t *data)
{
    bool is_read = event->kind == WHT_CALL_MEM_READ || event->kind == WHT_CALL_IO_IN;
    struct wht_answered answered = {.is_complete = true};
    list_answers(answers);
    for (uint32_t i = 0; i < event->size; i++) {
        uint64_t address = event->address + i;
        struct wht_answer *item = find_answer(answers, event->kind, address);
        if (!item) {
            answered.is_complete = false;
            continue;
        }
        item->used |= byte_bit(item, address);
        if (item->expected.call->has_fail)
            answered.fails = item->expected.call;
        else if (is_read)
            data[i] =
                item->expected.call->data.data[address - wht_expected_address(&item->expected)];
    }
    close_used(answers);
    return answered;
}

bool wht_answers_cover(struct wht_answers *answers, uint64_t gpa, uint32_t size)
{
    list_answers(answers);
    for (size_t i = 0; i < answers->count; i++)
        for (uint32_t byte = 0; byte < size; byte++)
            if (covers(&answers->items[i], WHT_CALL_MEM_READ, gpa + byte))
                return true;
    return false;
}

static bool names_contain(const struct wht_event *event, const struct wht_call *call)
{
    for (size_t i = 0; i < call->reg_count; i++) {
        uint32_t j = 0;
        while (j < event->count && event->names[j] != call->regs[i].name)
            j++;
        if (j == event->count)
            return false;
    }
    return true;
}

/* Two purposes of one page are two translations: where an element names its own, they must meet. */
static bool translates_for(const struct wht_event *event, const struct wht_call *call)
{
    uint32_t wanted = call->has_flags ? call->flags & PURPOSES : 0;
    return call->address == event->address && (wanted == 0 || (wanted & event->flags));
}

static bool fires_on(const struct wht_call *call, const struct wht_event *event)
{
    if (call->kind != event->kind)
        return false;
    if (call->kind == WHT_CALL_GET || call->kind == WHT_CALL_SET)
        return names_contain(event, call);
    if (call->kind == WHT_CALL_TRANSLATE)
        return translates_for(event, call);
    return call->address - event->address < event->size ||
           event->address - call->address < call->size;
}

const struct wht_call *wht_answers_armed(struct wht_answers *answers, const struct wht_event *event)
{
    for (size_t i = 0; i < answers->armed_count; i++) {
        struct wht_armed *armed = &answers->armed[i];
        if (!armed->is_fired && fires_on(armed->call, event)) {
            armed->is_fired = true;
            return armed->call;
        }
    }
    return NULL;
}
