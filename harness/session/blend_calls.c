/* SPDX-License-Identifier: MIT */
/* Elements of a case and callbacks that were made, aligned: of both the most that fit together. */
#include "blend_calls.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "blend_value.h"
#include "match.h"

/* The element takes no callbacks from there on. */
#define REFUSES SIZE_MAX
/* Of a table of alignments; longer lists that differ are taken as they came. */
#define CELLS_MAX ((size_t)1 << 16)

struct aligner {
    struct wht_case *c;
    const struct wht_guest *guest;
    enum wht_match level;
    /** The callbacks that the level compares. */
    const struct wht_call **made;
    size_t count;
    /** The elements that are written. */
    struct wht_call *out;
    size_t out_count;
    size_t out_room;
};

static bool matches(const struct wht_expected_call *expected, const struct wht_call *made)
{
    WHV_REGISTER_NAME names[WHT_BATCH_MAX];
    WHV_REGISTER_VALUE values[WHT_BATCH_MAX];
    struct wht_event event = {.kind = made->kind,
                              .address = made->address,
                              .size = made->size,
                              .flags = made->flags,
                              .names = names,
                              .values = made->kind == WHT_CALL_SET ? values : NULL};
    for (size_t i = 0; i < made->data.size && i < sizeof(event.data); i++)
        event.data[i] = made->data.data[i];
    for (; event.count < made->reg_count && event.count < WHT_BATCH_MAX; event.count++) {
        names[event.count] = made->regs[event.count].name;
        values[event.count] = *made->regs[event.count].values;
    }
    return wht_match(expected, &event) == 0 && expected->call->has_fail == made->has_fail;
}

static size_t take(const struct aligner *a, const struct wht_expected_call *expected, size_t at);

static size_t take_list(const struct aligner *a, const struct wht_call *list, size_t count,
                        uint64_t offset, size_t at)
{
    for (size_t i = 0; i < count && at != REFUSES; i++)
        at = take(a, &(struct wht_expected_call){&list[i], offset}, at);
    return at;
}

static size_t take_turns(const struct aligner *a, const struct wht_expected_call *expected,
                         size_t at)
{
    const struct wht_call *call = expected->call;
    for (uint32_t turn = 0; turn < call->repeat && at != REFUSES; turn++) {
        const size_t before = at;
        at = take_list(a, call->children, call->child_count,
                       expected->offset + turn * (uint64_t)call->step, at);
        if (at == before)
            break; /* of nothing that is compared */
        if (at != REFUSES && call->repeat - turn - 1 > a->count - at)
            return REFUSES; /* in vain, however long it goes on */
    }
    return at;
}

static size_t take_in_any_order(const struct aligner *a, const struct wht_expected_call *expected,
                                size_t at)
{
    const struct wht_call *call = expected->call;
    bool *is_done = wht_allocate(call->child_count + 1, sizeof(*is_done));
    size_t left = call->child_count;
    for (bool goes_on = true; goes_on && left > 0;) {
        goes_on = false;
        for (size_t i = 0; i < call->child_count && !goes_on; i++) {
            const struct wht_expected_call child = {&call->children[i], expected->offset};
            const size_t next = is_done[i] ? REFUSES : take(a, &child, at);
            goes_on = next != REFUSES;
            is_done[i] |= goes_on;
            left -= goes_on;
            at = goes_on ? next : at;
        }
    }
    free(is_done);
    return left == 0 ? at : REFUSES;
}

/* Recursion is bounded by the depth of a document. @return behind the callbacks that an element
 * takes, or REFUSES. */
static size_t take(const struct aligner *a, const struct wht_expected_call *expected, size_t at)
{
    const struct wht_call *call = expected->call;
    size_t next;
    switch (call->kind) {
    case WHT_CALL_OPTIONAL:
        next = take_list(a, call->children, call->child_count, expected->offset, at);
        return next == REFUSES ? at : next;
    case WHT_CALL_REPEAT:
        return take_turns(a, expected, at);
    case WHT_CALL_ANY_ORDER:
        return take_in_any_order(a, expected, at);
    default:
        if (!wht_is_compared(a->guest, a->level, expected))
            return at;
        return at < a->count && matches(expected, a->made[at]) ? at + 1 : REFUSES;
    }
}

static size_t take_element(const struct aligner *a, const struct wht_call *call, size_t at)
{
    return take(a, &(struct wht_expected_call){call, 0}, at);
}

static void put(struct aligner *a, const struct wht_call *call)
{
    a->out = wht_grow(a->out, a->out_count, &a->out_room, sizeof(*a->out));
    a->out[a->out_count++] = *call;
}

/* Registers of a batch in their order; those that the author described keep his form. */
static void set_registers(const struct aligner *a, struct wht_call *call,
                          const struct wht_call *made)
{
    const struct wht_call old = *call;
    call->regs = NULL;
    call->reg_count = call->reg_room = 0;
    bool is_initial = true;
    for (size_t i = 0; i < made->reg_count; i++) {
        const WHV_REGISTER_NAME name = made->regs[i].name;
        const WHV_REGISTER_VALUE *value = made->regs[i].values;
        const WHV_REGISTER_VALUE *before = wht_init_reg(&a->c->init, name);
        const struct wht_want_reg *told = wht_want_reg_of(old.regs, old.reg_count, name);
        struct wht_want_reg *want = wht_call_want(a->c, call, name, value);
        want->is_distance = made->kind == WHT_CALL_SET && name == WHvX64RegisterRip && before;
        is_initial &= before && wht_reg_equal(name, before, value);
        if (told && made->kind == WHT_CALL_SET) {
            *want = *told;
            wht_blend_want(a->c, want, value);
        }
    }
    call->names_only = made->kind == WHT_CALL_GET && is_initial;
}

/* What a page says anyway needs no saying. */
static void shorten_translation(const struct aligner *a, struct wht_call *call)
{
    uint64_t gpa = 0;
    if (call->kind != WHT_CALL_TRANSLATE || call->has_fail)
        return;
    const WHV_TRANSLATE_GVA_RESULT_CODE result =
        wht_guest_translate(a->guest, call->address, call->flags, &gpa);
    if (result == call->result && (!call->has_gpa || gpa == call->gpa))
        call->has_result = call->has_gpa = false;
}

/* A callback as an element, from nothing. */
static struct wht_call element_of(const struct aligner *a, const struct wht_call *made)
{
    struct wht_call call = *made;
    call.pos = (struct wht_pos){.line = 0};
    if (call.data.size > 0) {
        call.data.data = wht_arena_take(a->c->arena, call.data.size);
        memcpy(call.data.data, made->data.data, call.data.size);
    }
    if (made->kind == WHT_CALL_GET || made->kind == WHT_CALL_SET) {
        call.regs = NULL;
        call.reg_count = 0;
        set_registers(a, &call, made);
    }
    shorten_translation(a, &call);
    return call;
}

/* A single element with what was made in its place. @return REFUSES if it is of another kind. */
static size_t adapt_single(const struct aligner *a, struct wht_call *call, size_t at)
{
    const struct wht_call *made = at < a->count ? a->made[at] : NULL;
    const struct wht_call old = *call;
    if (!wht_is_compared(a->guest, a->level, &(struct wht_expected_call){call, 0}))
        return at;
    if (!made || made->kind != call->kind)
        return REFUSES;
    *call = element_of(a, made);
    call->note = old.note;
    call->pos = old.pos;
    if (old.kind == WHT_CALL_TRANSLATE)
        call->has_flags = old.has_flags;
    if (old.has_data && made->has_data && old.size == made->size) {
        call->data = old.data;
        wht_blend_bytes(a->c, &call->data, made->data.data);
    }
    if (old.kind == WHT_CALL_SET || old.kind == WHT_CALL_GET) {
        call->regs = old.regs;
        call->reg_count = old.reg_count;
        set_registers(a, call, made);
    }
    return at + 1;
}

static size_t adapt(const struct aligner *a, struct wht_call *call, size_t at);

/* The turns of a repeat are as many as came, and their distance is that of the first two. */
static void adapt_turns(const struct aligner *a, struct wht_call *call, size_t at, size_t next)
{
    const size_t turn = next - at;
    for (size_t i = at; i < next && i + turn < a->count; i++)
        if (a->made[i]->kind == WHT_CALL_MEM_READ || a->made[i]->kind == WHT_CALL_MEM_WRITE)
            call->step = (int64_t)(a->made[i + turn]->address - a->made[i]->address);
    const uint32_t most = (uint32_t)((a->count - at) / turn);
    for (call->repeat = 1; call->repeat < most; call->repeat++) {
        const uint64_t offset = call->repeat * (uint64_t)call->step;
        if (take_list(a, call->children, call->child_count, offset, at + call->repeat * turn) ==
            REFUSES)
            break;
    }
}

static size_t adapt_group(const struct aligner *a, struct wht_call *call, size_t at)
{
    struct wht_call *children = wht_arena_take(a->c->arena, call->child_count * sizeof(*children));
    size_t next = at;
    for (size_t i = 0; i < call->child_count && next != REFUSES; i++) {
        children[i] = call->children[i];
        next = adapt(a, &children[i], next);
    }
    if (next == REFUSES || next == at)
        return REFUSES;
    call->children = children;
    if (call->kind == WHT_CALL_REPEAT)
        adapt_turns(a, call, at, next);
    next = take_element(a, call, at);
    return next == at ? REFUSES : next;
}

/* Gives an element what was made from `at` on, in its own form. @return behind that, or REFUSES;
 * then it may be spoilt. */
static size_t adapt(const struct aligner *a, struct wht_call *call, size_t at)
{
    return wht_call_is_group(call) ? adapt_group(a, call, at) : adapt_single(a, call, at);
}

/* What does not fit, of both sides: elements are adapted in their order to the first callback that
 * they can be adapted to. */
static void put_gap(struct aligner *a, const struct wht_call *calls, size_t count, size_t at,
                    size_t end)
{
    size_t first = 0;
    const size_t whole = a->count;
    a->count = end;
    while (at < end) {
        size_t next = REFUSES;
        struct wht_call adapted = {.kind = WHT_CALL_GET};
        for (size_t i = first; i < count && next == REFUSES; i++) {
            adapted = calls[i];
            next = adapt(a, &adapted, at);
            if (next != REFUSES)
                first = i + 1;
        }
        if (next == REFUSES)
            adapted = element_of(a, a->made[at]);
        put(a, &adapted);
        at = next == REFUSES ? at + 1 : next;
    }
    a->count = whole;
}

/* An alignment: the elements that stay, each with where its callbacks begin. */
struct table {
    size_t rows;
    size_t columns;
    /** Of what is left from an element and a callback on: how many elements fit at best. */
    uint32_t *best;
};

static void fill(const struct aligner *a, struct table *t, const struct wht_call *calls, size_t at)
{
    for (size_t i = t->rows - 1; i-- > 0;)
        for (size_t j = t->columns; j-- > 0;) {
            uint32_t best = t->best[(i + 1) * t->columns + j];
            const size_t next = take_element(a, &calls[i], at + j);
            if (j + 1 < t->columns && t->best[i * t->columns + j + 1] > best)
                best = t->best[i * t->columns + j + 1];
            if (next != REFUSES && t->best[(i + 1) * t->columns + next - at] + 1 > best)
                best = t->best[(i + 1) * t->columns + next - at] + 1;
            t->best[i * t->columns + j] = best;
        }
}

static void put_aligned(struct aligner *a, const struct table *t, const struct wht_call *calls,
                        size_t at)
{
    size_t first = 0; /* of the gap */
    size_t begin = 0;
    size_t i = 0;
    size_t j = 0;
    while (i + 1 < t->rows) {
        const uint32_t best = t->best[i * t->columns + j];
        const size_t next = take_element(a, &calls[i], at + j);
        if (next != REFUSES && t->best[(i + 1) * t->columns + next - at] + 1 == best) {
            put_gap(a, calls + first, i - first, at + begin, at + j);
            put(a, &calls[i++]);
            j = begin = next - at;
            first = i;
        } else if (j + 1 < t->columns && t->best[i * t->columns + j + 1] == best) {
            j++;
        } else {
            i++;
        }
    }
    put_gap(a, calls + first, i - first, at + begin, a->count);
}

static void align(struct aligner *a, const struct wht_call *calls, size_t count)
{
    size_t first = 0;
    size_t at = 0;
    for (size_t next; first < count; first++, at = next) {
        next = take_element(a, &calls[first], at);
        if (next == REFUSES)
            break;
        put(a, &calls[first]);
    }
    struct table t = {.rows = count - first + 1, .columns = a->count - at + 1};
    if (t.columns > CELLS_MAX / t.rows) {
        put_gap(a, calls + first, count - first, at, a->count);
        return;
    }
    t.best = wht_allocate(t.rows * t.columns, sizeof(*t.best));
    fill(a, &t, calls + first, at);
    put_aligned(a, &t, calls + first, at);
    free(t.best);
}

/* Elements that only answer, or make a callback fail, go before what came. */
static void put_literal(struct aligner *a, const struct wht_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!wht_call_is_group(&calls[i]) &&
            !wht_is_compared(a->guest, a->level, &(struct wht_expected_call){&calls[i], 0}))
            put(a, &calls[i]);
    put_gap(a, NULL, 0, 0, a->count);
}

struct touch {
    const struct wht_call *made;
    bool is_touched;
};

static bool touches(void *user, const struct wht_expected_call *expected)
{
    struct touch *touch = user;
    const enum wht_call_kind kind = expected->call->kind;
    const uint64_t address = wht_expected_address(expected);
    touch->is_touched |= (kind == WHT_CALL_MEM_READ || kind == WHT_CALL_MEM_WRITE) &&
                         (address - touch->made->address < touch->made->size ||
                          touch->made->address - address < expected->call->size);
    return !touch->is_touched;
}

/* Reads of a hole that no element touches are not compared but strictly. */
static bool is_compared(const struct aligner *a, const struct wht_call *made)
{
    struct touch touch = {.made = made};
    if (!wht_is_compared(a->guest, a->level, &(struct wht_expected_call){made, 0}))
        return false;
    if (a->level == WHT_MATCH_STRICT || made->kind != WHT_CALL_MEM_READ ||
        wht_guest_place(a->guest, made->address, made->size, false) != WHT_PLACE_HOLE)
        return true;
    (void)wht_visit_calls(a->c->expect.calls, a->c->expect.call_count, touches, &touch);
    return touch.is_touched;
}

void wht_blend_elements(struct wht_case *c, const struct wht_case *made,
                        const struct wht_guest *guest, enum wht_blend_calls how)
{
    struct wht_expect *e = &c->expect;
    struct aligner a = {.c = c, .guest = guest, .level = c->match};
    if (c->match == WHT_MATCH_EFFECTS)
        return;
    a.made = wht_allocate(made->expect.call_count + 1, sizeof(*a.made));
    for (size_t i = 0; i < made->expect.call_count; i++)
        if (is_compared(&a, &made->expect.calls[i]))
            a.made[a.count++] = &made->expect.calls[i];
    if (how == WHT_BLEND_FITTING)
        align(&a, e->calls, e->call_count);
    else
        put_literal(&a, e->calls, e->call_count);
    e->calls = wht_arena_take(c->arena, (a.out_count + 1) * sizeof(*e->calls));
    if (a.out_count > 0)
        memcpy(e->calls, a.out, a.out_count * sizeof(*e->calls));
    e->call_count = a.out_count;
    e->call_room = 0;
    free(a.out);
    free(a.made);
}
