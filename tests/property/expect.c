/* SPDX-License-Identifier: MIT */
#include "expect.h"

#define PAGE_MASK UINT64_C(0xfff)

bool expect_is_system(const struct outcome *outcome, size_t index)
{
    uint64_t page = outcome->event[index].home & ~PAGE_MASK;
    for (size_t i = 0; i < index; i++) {
        const struct guest_event *event = &outcome->event[i];
        if (event->kind == GUEST_TRANSLATE && event->address == page &&
            (event->size & WHvTranslateGvaFlagPrivilegeExempt))
            return true;
    }
    return false;
}

/* A walk along the accesses of a call. */
struct walk {
    const struct guest *guest;
    const struct outcome *outcome;
    uint64_t start;
    size_t at;
};

static bool is_expected(const struct walk *walk, const struct guest_event *event, bool is_write,
                        uint64_t linear, unsigned size)
{
    return event->home == linear && event->size == size && event->is_write == is_write &&
           event->address == guest_spread_address(walk->guest, linear);
}

/* @return the next access to data, passing fetches; NULL at the end. */
static const struct guest_event *next(struct walk *walk)
{
    while (walk->at < walk->outcome->event_count) {
        size_t i = walk->at++;
        if (walk->outcome->event[i].kind == GUEST_MEMORY_ACCESS &&
            !outcome_is_fetch(walk->outcome, i, walk->start))
            return &walk->outcome->event[i];
    }
    return NULL;
}

/* As next, also passing system tables, unless what is expected lies in one. */
static bool take_piece(struct walk *walk, bool is_write, uint64_t linear, unsigned size)
{
    for (;;) {
        const struct guest_event *event = next(walk);
        if (!event)
            return false;
        if (is_expected(walk, event, is_write, linear, size))
            return true;
        if (!expect_is_system(walk->outcome, walk->at - 1))
            return false;
    }
}

static bool take(struct walk *walk, bool is_write, uint64_t linear, unsigned size, uint64_t mask)
{
    while (size > 0) {
        unsigned room = (unsigned)(PAGE_MASK + 1 - (linear & PAGE_MASK));
        unsigned piece = size < 8 ? size : 8;
        if (piece > room)
            piece = room;
        if (!take_piece(walk, is_write, linear, piece))
            return false;
        linear = (linear + piece) & mask;
        size -= piece;
    }
    return true;
}

/* What is stored; of some instructions single bytes, which are told in runs. */
static bool take_stored(struct walk *walk, const struct model *model, uint64_t linear,
                        unsigned size, uint64_t bytes)
{
    uint64_t mask = model->mode == GUEST_LONG64 ? UINT64_MAX : UINT32_MAX;
    if (bytes == UINT64_MAX)
        return take(walk, true, linear, size, mask);
    for (unsigned at = 0; at < size; at++) {
        unsigned run = 0;
        while (at + run < size && (bytes >> (at + run) & 1))
            run++;
        if (!take(walk, true, (linear + at) & mask, run, mask))
            return false;
        at += run;
    }
    return true;
}

/* Elements that are neighbours are one run. */
static bool take_runs(struct walk *walk, const struct model_access *access, size_t count,
                      uint64_t mask)
{
    for (size_t i = 0, end; i < count; i = end) {
        unsigned size = access[i].size;
        for (end = i + 1; end < count && access[end].offset == access[i].offset + size; end++)
            size += access[end].size;
        if (!take(walk, true, access[i].linear, size, mask))
            return false;
    }
    return true;
}

static bool take_element(struct walk *walk, const struct model *model,
                         const struct model_access *access, size_t count, uint64_t bytes)
{
    uint64_t mask = model->mode == GUEST_LONG64 ? UINT64_MAX : UINT32_MAX;
    if (model_masked(model))
        return take_runs(walk, access, count, mask);
    for (size_t i = 0; i < count; i++) {
        if (access[i].is_read && !access[i].is_checked_alone &&
            !take(walk, false, access[i].linear, access[i].size, mask))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        const unsigned size = model_stored(model, access[i].size);
        if (access[i].is_written && !take_stored(walk, model, access[i].linear, size, bytes))
            return false;
    }
    return true;
}

bool expect_accesses(const struct model *model, struct guest *guest, const struct outcome *outcome,
                     uint64_t start, uint64_t elements)
{
    struct walk walk = {guest, outcome, start, 0};
    struct model_access access[MODEL_ACCESSES];
    const uint64_t bytes = model_stored_bytes(model, guest);
    for (uint64_t element = 0; element < elements; element++) {
        size_t count = model_accesses(model, guest, element, access);
        if (!take_element(&walk, model, access, count, bytes))
            return false;
    }
    while (next(&walk)) {
        if (!expect_is_system(outcome, walk.at - 1))
            return false;
    }
    return true;
}

uint64_t expect_elements(const struct model *model, struct guest *guest,
                         const struct outcome *outcome)
{
    unsigned width = model->insn.address_width;
    uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    if (!model_repeats(model))
        return 1;
    return (guest_get64(guest, WHvX64RegisterRcx) -
            outcome_reg(outcome, WHvX64RegisterRcx)->Reg64) &
           mask;
}
