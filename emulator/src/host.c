/* SPDX-License-Identifier: MIT */
#include "host.h"

static const WHV_REGISTER_NAME names[WHE_REG_COUNT] = {
#define WHE_REG(id, name) [WHE_REG_##id] = name,
#include "reg_names.def"
};

static inline unsigned lowest(uint64_t set)
{
    return (unsigned)__builtin_ctzll(set);
}

void whe_batch_init(struct whe_batch *batch, uint64_t set)
{
    *batch = (struct whe_batch){.set = set};
    uint32_t count = 0;
    for (; set != 0 && count < WHE_BATCH_MAX; set &= set - 1) {
        batch->name[count] = names[lowest(set)];
        batch->reg[count++] = (uint8_t)lowest(set);
    }
    batch->count = set == 0 ? count : 0;
}

/* Any set of registers, in the order of reg_names.def. */
struct listed {
    _Alignas(16) WHV_REGISTER_NAME name[WHE_REG_COUNT];
    _Alignas(16) WHV_REGISTER_VALUE value[WHE_REG_COUNT];
};

enum whe_result whe_host_get_unknown(struct whe_call *call, uint64_t needed)
{
    struct listed listed;
    UINT32 count = 0;
    uint64_t rest = needed;
    do {
        listed.name[count] = names[lowest(rest)];
        listed.value[count++].Reg128 = (WHV_UINT128){.Low64 = 0};
        rest &= rest - 1;
    } while (rest != 0);
    WHE_TRY(whe_host_get_names(call, listed.name, count, listed.value));
    call->regs.known |= needed;
    for (const WHV_REGISTER_VALUE *value = listed.value; needed != 0; needed &= needed - 1)
        call->regs.value[lowest(needed)] = *value++;
    return WHE_OK;
}

enum whe_result whe_host_set(struct whe_call *call)
{
    struct listed listed;
    const WHV_REGISTER_VALUE *shadow = call->regs.value;
    UINT32 count = 0;
    uint64_t rest = call->regs.written;
    do {
        listed.name[count] = names[lowest(rest)];
        listed.value[count++] = shadow[lowest(rest)];
        rest &= rest - 1;
    } while (rest != 0);
    if (call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, listed.name, count,
                                                                 listed.value) != S_OK)
        return WHE_SET_FAILED;
    return WHE_OK;
}

const struct whe_with_rip whe_with_rip[WHE_REG_COUNT] = {
#define WHE_REG(id, name) [WHE_REG_##id] = {{name, WHvX64RegisterRip}},
#include "reg_names.def"
};
