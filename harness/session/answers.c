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
    answers->byte_count = 0;
    answers->are_listed = false;
    answers->armed_count = 0;
    answers->is_out_of_memory = false;
    wht_visit_elements(expect->calls, expect->call_count, add_armed, answers);
    return !answers->is_out_of_memory;
}

void wht_answers_reset(struct wht_answers *answers)
{
    for (size_t i = 0; i < answers->byte_count; i++)
        answers->bytes[i].answered = 0;
    for (size_t i = 0; i < answers->armed_count; i++)
        answers->armed[i].is_fired = false;
}

void wht_answers_free(struct wht_answers *answers)
{
    free(answers->items);
    free(answers->bytes);
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
    struct wht_expected_call *items =
        grow(answers->items, answers->count, &answers->capacity, sizeof(*answers->items));
    if (!items) {
        answers->is_out_of_memory = true;
        return false;
    }
    answers->items = items;
    uint32_t item = (uint32_t)answers->count++;
    items[item] = *expected;
    for (uint32_t i = 0; i < expected->call->size; i++) {
        struct wht_answer_byte *bytes = grow(answers->bytes, answers->byte_count,
                                             &answers->byte_capacity, sizeof(*answers->bytes));
        if (!bytes) {
            answers->is_out_of_memory = true;
            return false;
        }
        answers->bytes = bytes;
        bytes[answers->byte_count++] =
            (struct wht_answer_byte){.address = wht_expected_address(expected) + i,
                                     .kind = (uint32_t)expected->call->kind,
                                     .item = item};
    }
    return true;
}

/* By kind, address, and place in the case. */
static int compare_bytes(const void *a, const void *b)
{
    const struct wht_answer_byte *left = a;
    const struct wht_answer_byte *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    if (left->address != right->address)
        return left->address < right->address ? -1 : 1;
    return (left->item > right->item) - (left->item < right->item);
}

static void list_answers(struct wht_answers *answers)
{
    const struct wht_expect *expect = &answers->guest->c->expect;
    if (answers->are_listed)
        return;
    wht_visit_calls(expect->calls, expect->call_count, add_answer, answers);
    if (answers->byte_count > 1)
        qsort(answers->bytes, answers->byte_count, sizeof(*answers->bytes), compare_bytes);
    answers->are_listed = true;
}

/* @return the first byte that does not come before a kind and address. */
static size_t lower_bound(const struct wht_answers *answers, enum wht_call_kind kind,
                          uint64_t address)
{
    const struct wht_answer_byte wanted = {.address = address, .kind = (uint32_t)kind};
    size_t low = 0;
    size_t high = answers->byte_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_bytes(&answers->bytes[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct wht_answers *answers, size_t i, enum wht_call_kind kind,
                  uint64_t address)
{
    return i < answers->byte_count && answers->bytes[i].kind == (uint32_t)kind &&
           answers->bytes[i].address == address;
}

/* The element that answers for a byte next, or the last one again. The first byte of each address
 * counts how many have answered, so that no search begins anew. */
static const struct wht_expected_call *find_answer(struct wht_answers *answers,
                                                   enum wht_call_kind kind, uint64_t address)
{
    size_t first = lower_bound(answers, kind, address);
    if (!is_at(answers, first, kind, address))
        return NULL;
    size_t at = first + answers->bytes[first].answered;
    if (is_at(answers, at, kind, address)) {
        answers->bytes[first].answered++;
        return &answers->items[answers->bytes[at].item];
    }
    while (at-- > first)
        if (!answers->items[answers->bytes[at].item].call->has_fail)
            return &answers->items[answers->bytes[at].item];
    return NULL;
}

struct wht_answered wht_answers_access(struct wht_answers *answers, const struct wht_event *event,
                                       uint8_t *data)
{
    bool is_read = event->kind == WHT_CALL_MEM_READ || event->kind == WHT_CALL_IO_IN;
    struct wht_answered answered = {.is_complete = true};
    list_answers(answers);
    for (uint32_t i = 0; i < event->size; i++) {
        uint64_t address = event->address + i;
        const struct wht_expected_call *item = find_answer(answers, event->kind, address);
        if (!item)
            answered.is_complete = false;
        else if (item->call->has_fail)
            answered.fails = item->call;
        else if (is_read)
            data[i] = item->call->data.data[address - wht_expected_address(item)];
    }
    return answered;
}

bool wht_answers_cover(struct wht_answers *answers, uint64_t gpa, uint32_t size)
{
    list_answers(answers);
    for (uint32_t i = 0; i < size; i++)
        if (is_at(answers, lower_bound(answers, WHT_CALL_MEM_READ, gpa + i), WHT_CALL_MEM_READ,
                  gpa + i))
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
