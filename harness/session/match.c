/* SPDX-License-Identifier: MIT */
#include "match.h"

#include <string.h>

#include "words/names.h"

bool wht_call_is_group(const struct wht_call *call)
{
    return call->kind == WHT_CALL_ANY_ORDER || call->kind == WHT_CALL_OPTIONAL ||
           call->kind == WHT_CALL_REPEAT;
}

static bool is_memory(enum wht_call_kind kind)
{
    return kind == WHT_CALL_MEM_READ || kind == WHT_CALL_MEM_WRITE;
}

uint64_t wht_expected_address(const struct wht_expected_call *expected)
{
    return expected->call->address + (is_memory(expected->call->kind) ? expected->offset : 0);
}

static bool bytes_accept(const struct wht_bytes *want, const uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size && i < want->size; i++) {
        uint8_t mask = want->mask ? want->mask[i] : 0xff;
        if ((data[i] & mask) != (want->data[i] & mask))
            return false;
    }
    return true;
}

/* The bits of a slot that the register has; what else is in the slot means nothing. */
static WHV_UINT128 register_bits(WHV_REGISTER_NAME name)
{
    switch (wht_reg_kind(name)) {
    case WHT_REG_U64:
        return (WHV_UINT128){.Low64 = UINT64_MAX, .High64 = 0};
    case WHT_REG_TABLE:
        return (WHV_UINT128){.Low64 = UINT64_C(0xffff) << 48, .High64 = UINT64_MAX};
    case WHT_REG_SEGMENT:
    case WHT_REG_U128:
        break;
    }
    return (WHV_UINT128){.Low64 = UINT64_MAX, .High64 = UINT64_MAX};
}

static bool equal_under(const WHV_REGISTER_VALUE *a, const WHV_REGISTER_VALUE *b, WHV_UINT128 mask)
{
    return ((a->Reg128.Low64 ^ b->Reg128.Low64) & mask.Low64) == 0 &&
           ((a->Reg128.High64 ^ b->Reg128.High64) & mask.High64) == 0;
}

bool wht_want_accepts(const struct wht_want_reg *want, const WHV_REGISTER_VALUE *value)
{
    WHV_UINT128 mask = register_bits(want->name);
    mask.Low64 &= want->mask.Low64;
    mask.High64 &= want->mask.High64;
    bool accepts = want->kind == WHT_WANT_ANY;
    for (size_t i = 0; !accepts && i < want->count; i++)
        accepts = equal_under(value, &want->values[i], mask);
    return accepts;
}

bool wht_reg_equal(WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *a, const WHV_REGISTER_VALUE *b)
{
    return equal_under(a, b, register_bits(name));
}

/* Names have no order; an event never names one twice. An empty list means any batch. */
static unsigned match_registers(const struct wht_call *call, const struct wht_event *event)
{
    unsigned differing = call->reg_count == event->count ? 0 : WHT_FIELD_NAMES;
    if (call->reg_count == 0)
        return 0;
    for (uint32_t i = 0; i < event->count; i++) {
        const struct wht_want_reg *want =
            wht_want_reg_of(call->regs, call->reg_count, event->names[i]);
        if (!want)
            differing |= WHT_FIELD_NAMES;
        else if (event->values && !wht_want_accepts(want, &event->values[i]))
            differing |= WHT_FIELD_VALUES;
    }
    return differing;
}

static unsigned match_access(const struct wht_expected_call *expected,
                             const struct wht_event *event)
{
    const struct wht_call *call = expected->call;
    unsigned differing = 0;
    if (wht_expected_address(expected) != event->address)
        differing |= WHT_FIELD_ADDRESS;
    if (call->size != event->size)
        differing |= WHT_FIELD_SIZE;
    bool sends = call->kind == WHT_CALL_MEM_WRITE || call->kind == WHT_CALL_IO_OUT;
    if (sends && call->has_data && !bytes_accept(&call->data, event->data, event->size))
        differing |= WHT_FIELD_DATA;
    return differing;
}

unsigned wht_match(const struct wht_expected_call *expected, const struct wht_event *event)
{
    const struct wht_call *call = expected->call;
    if (call->kind != event->kind)
        return WHT_FIELD_KIND;
    if (call->kind == WHT_CALL_GET || call->kind == WHT_CALL_SET)
        return match_registers(call, event);
    if (call->kind != WHT_CALL_TRANSLATE)
        return match_access(expected, event);
    unsigned differing = call->address == event->address ? 0 : WHT_FIELD_ADDRESS;
    if (call->has_flags && call->flags != event->flags)
        differing |= WHT_FIELD_FLAGS;
    return differing;
}

bool wht_is_compared(const struct wht_guest *guest, enum wht_match level,
                     const struct wht_expected_call *expected)
{
    switch (expected->call->kind) {
    case WHT_CALL_MEM_READ:
    case WHT_CALL_MEM_WRITE:
        if (level == WHT_MATCH_STRICT)
            return true;
        return wht_guest_place(guest, wht_expected_address(expected), expected->call->size,
                               expected->call->kind == WHT_CALL_MEM_WRITE) != WHT_PLACE_MODEL;
    case WHT_CALL_IO_IN:
    case WHT_CALL_IO_OUT:
        return true;
    default:
        return level == WHT_MATCH_STRICT;
    }
}

static bool visit_at(const struct wht_call *calls, size_t count, uint64_t offset, bool all_turns,
                     wht_visit_fn *visit, void *user)
{
    for (size_t i = 0; i < count; i++) {
        const struct wht_call *call = &calls[i];
        struct wht_expected_call expected = {call, offset};
        if (!wht_call_is_group(call)) {
            if (!visit(user, &expected))
                return false;
            continue;
        }
        bool repeats = call->kind == WHT_CALL_REPEAT;
        uint32_t turns = repeats && all_turns ? call->repeat : 1;
        uint64_t step = repeats ? (uint64_t)call->step : 0;
        for (uint32_t turn = 0; turn < turns; turn++)
            if (!visit_at(call->children, call->child_count, offset + turn * step, all_turns, visit,
                          user))
                return false;
    }
    return true;
}

bool wht_visit_calls(const struct wht_call *calls, size_t count, wht_visit_fn *visit, void *user)
{
    return visit_at(calls, count, 0, true, visit, user);
}

bool wht_visit_elements(const struct wht_call *calls, size_t count, wht_visit_fn *visit, void *user)
{
    return visit_at(calls, count, 0, false, visit, user);
}

struct search {
    const struct wht_guest *guest;
    enum wht_match level;
    uint64_t count; /* compared elements so far */
    uint64_t visited;
    const struct wht_event *event;
    const struct wht_expected_call *not_at;
    uint64_t place;
    unsigned best_score;
    uint64_t best_distance;
    struct wht_nearest best;
};

/* Reports must not take long because a case repeats something a billion times. */
#define SEARCH_MAX 1000000u

static bool count_compared(void *user, const struct wht_expected_call *expected)
{
    struct search *s = user;
    s->count += wht_is_compared(s->guest, s->level, expected);
    return ++s->visited < SEARCH_MAX;
}

uint64_t wht_compared_count(const struct wht_guest *guest, enum wht_match level)
{
    const struct wht_expect *expect = &guest->c->expect;
    struct search s = {.guest = guest, .level = level};
    if (!wht_visit_calls(expect->calls, expect->call_count, count_compared, &s))
        return 0;
    return s.count;
}

static unsigned score(unsigned differing)
{
    unsigned points = 1;
    points += (differing & (WHT_FIELD_ADDRESS | WHT_FIELD_NAMES)) ? 0 : 4;
    points += (differing & WHT_FIELD_SIZE) ? 0 : 2;
    points += (differing & (WHT_FIELD_DATA | WHT_FIELD_FLAGS | WHT_FIELD_VALUES)) ? 0 : 1;
    return points;
}

static bool consider(void *user, const struct wht_expected_call *expected)
{
    struct search *s = user;
    bool is_compared = wht_is_compared(s->guest, s->level, expected);
    unsigned differing = wht_match(expected, s->event);
    s->count += is_compared;
    bool counts = is_compared && !(differing & WHT_FIELD_KIND) &&
                  (expected->call != s->not_at->call || expected->offset != s->not_at->offset);
    uint64_t distance = s->count > s->place ? s->count - s->place : s->place - s->count;
    if (counts && (score(differing) > s->best_score ||
                   (score(differing) == s->best_score && distance < s->best_distance))) {
        s->best_score = score(differing);
        s->best_distance = distance;
        s->best = (struct wht_nearest){*expected, s->count, differing == 0};
    }
    return ++s->visited < SEARCH_MAX;
}

struct wht_nearest wht_find_nearest(const struct wht_guest *guest, enum wht_match level,
                                    const struct wht_event *event, uint64_t number,
                                    const struct wht_expected_call *not_at)
{
    const struct wht_expect *expect = &guest->c->expect;
    struct search s = {
        .guest = guest, .level = level, .event = event, .place = number, .not_at = not_at};
    wht_visit_calls(expect->calls, expect->call_count, consider, &s);
    return s.best;
}
