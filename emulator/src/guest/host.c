/* SPDX-License-Identifier: MIT */
#include "host.h"

const WHV_REGISTER_NAME whe_names[WHE_REG_COUNT] = {
#define WHE_GENERAL(id, name) [WHE_REG_##id] = name,
#define WHE_VECTOR            WHE_GENERAL
#define WHE_SYSTEM            WHE_GENERAL
#include "reg_names.def"
};

/* Takes the first register out of a set that is not empty. */
static inline unsigned take_first(struct whe_set *set)
{
    unsigned bank = 0;
    while (set->bank[bank] == 0)
        bank++;
    const unsigned place = (unsigned)__builtin_ctzll(set->bank[bank]);
    set->bank[bank] &= set->bank[bank] - 1;
    return bank * WHE_BANK_SIZE + place;
}

void whe_batch_init(struct whe_batch *batch, const struct whe_set *set)
{
    struct whe_set rest = *set;
    unsigned count = 0;
    *batch = (struct whe_batch){.set = rest};
    while (!whe_set_is_empty(&rest) && count < WHE_BATCH_MAX) {
        const unsigned reg = take_first(&rest);
        batch->name[count] = whe_names[reg];
        batch->reg[count++] = (uint8_t)reg;
    }
    batch->count = whe_set_is_empty(&rest) ? (uint8_t)count : 0;
}

static inline WHV_REGISTER_NAME name_of(const struct whe_call *call, unsigned reg)
{
    return reg == WHE_REG_MSR ? call->msr_name : whe_names[reg];
}

/* Any set of registers, in the order of reg_names.def. */
struct listed {
    _Alignas(16) WHV_REGISTER_NAME name[WHE_REG_COUNT];
    _Alignas(16) WHV_REGISTER_VALUE value[WHE_REG_COUNT];
};

enum whe_result whe_host_get_unknown(struct whe_call *call, const struct whe_set *needed)
{
    struct listed listed;
    UINT32 count = 0;
    struct whe_set rest = *needed;
    do {
        listed.name[count] = name_of(call, take_first(&rest));
        listed.value[count++].Reg128 = (WHV_UINT128){.Low64 = 0};
    } while (!whe_set_is_empty(&rest));
    WHE_TRY(whe_host_get_names(call, listed.name, count, listed.value));
    whe_set_join(&call->regs.known, needed);
    rest = *needed;
    for (UINT32 i = 0; i < count; i++)
        call->regs.value[take_first(&rest)] = listed.value[i];
    return WHE_OK;
}

enum whe_result whe_host_set(struct whe_call *call)
{
    struct listed listed;
    const WHV_REGISTER_VALUE *shadow = call->regs.value;
    UINT32 count = 0;
    struct whe_set rest = call->regs.written;
    do {
        const unsigned reg = take_first(&rest);
        listed.name[count] = name_of(call, reg);
        listed.value[count++] = shadow[reg];
    } while (!whe_set_is_empty(&rest));
    return whe_host_set_names(call, listed.name, count, listed.value);
}

const struct whe_with_rip whe_with_rip[WHE_REG_COUNT] = {
#define WHE_GENERAL(id, register) [WHE_REG_##id] = {{register, WHvX64RegisterRip}},
#define WHE_VECTOR                WHE_GENERAL
#define WHE_SYSTEM                WHE_GENERAL
#include "reg_names.def"
};
