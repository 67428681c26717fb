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
    if (__builtin_popcountll(set) > WHE_BATCH_MAX)
        return;
    for (; set != 0; set &= set - 1) {
        batch->name[batch->count] = names[lowest(set)];
        batch->reg[batch->count++] = (uint8_t)lowest(set);
    }
}

/* Kept apart so that the common batch of one register does not pay for its stack frame. */
static __attribute__((noinline)) enum whe_result get_several(struct whe_call *call,
                                                             const struct whe_batch *batch)
{
    WHV_REGISTER_VALUE value[WHE_BATCH_MAX] = {{.Reg128 = {.Low64 = 0}}};
    if (call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, batch->name,
                                                                 batch->count, value) != S_OK)
        return WHE_GET_FAILED;
    call->regs.known |= batch->set;
    WHV_REGISTER_VALUE *shadow = call->regs.value;
    shadow[batch->reg[0]] = value[0];
    shadow[batch->reg[1]] = value[1];
    for (uint32_t i = batch->count - 1; i > 1; i--)
        shadow[batch->reg[i]] = value[i];
    return WHE_OK;
}

enum whe_result whe_host_get_batch(struct whe_call *call, const struct whe_batch *batch)
{
    if (batch->count > 1)
        return get_several(call, batch);
    /* One register needs no copy: the shadow's slots are aligned too. */
    WHV_REGISTER_VALUE *value = &call->regs.value[batch->reg[0]];
    value->Reg128 = (WHV_UINT128){.Low64 = 0};
    call->regs.known |= batch->set;
    if (call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, batch->name, 1,
                                                                 value) != S_OK)
        return WHE_GET_FAILED;
    return WHE_OK;
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
    if (call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, listed.name, count,
                                                                 listed.value) != S_OK)
        return WHE_GET_FAILED;
    call->regs.known |= needed;
    for (const WHV_REGISTER_VALUE *value = listed.value; needed != 0; needed &= needed - 1)
        call->regs.value[lowest(needed)] = *value++;
    return WHE_OK;
}

static __attribute__((noinline)) enum whe_result set_several(struct whe_call *call)
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

/* Most instructions write one register and RIP, or RIP alone: batches that need not be put
 * together. */
struct with_rip {
    _Alignas(16) WHV_REGISTER_NAME name[2];
};

static const struct with_rip with_rip[WHE_REG_COUNT] = {
#define WHE_REG(id, name) [WHE_REG_##id] = {{name, WHvX64RegisterRip}},
#include "reg_names.def"
};

static enum whe_result set(struct whe_call *call, unsigned first, UINT32 count,
                           const WHV_REGISTER_VALUE *value)
{
    if (call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(
            call->context, with_rip[first].name, count, value) != S_OK)
        return WHE_SET_FAILED;
    return WHE_OK;
}

enum whe_result whe_host_set(struct whe_call *call)
{
    const WHV_REGISTER_VALUE *shadow = call->regs.value;
    uint64_t rest = call->regs.written ^ whe_reg_bit(WHE_REG_RIP);
    if (rest == 0)
        return set(call, WHE_REG_RIP, 1, &shadow[WHE_REG_RIP]);
    /* Without RIP (a fault) rest has its bit, and at least another. */
    if ((rest & (rest - 1)) != 0)
        return set_several(call);
    WHV_REGISTER_VALUE value[2] = {shadow[lowest(rest)], shadow[WHE_REG_RIP]};
    return set(call, lowest(rest), 2, value);
}

enum whe_result whe_host_translate(struct whe_call *call, uint64_t page, uint32_t flags,
                                   WHV_TRANSLATE_GVA_RESULT_CODE *result, uint64_t *gpa)
{
    *result = (WHV_TRANSLATE_GVA_RESULT_CODE)INT32_MAX;
    *gpa = WHE_PAGE_MASK; /* unaligned, so that an answer without an address is noticed */
    if (call->callbacks->WHvEmulatorTranslateGvaPage(
            call->context, page, (WHV_TRANSLATE_GVA_FLAGS)flags, result, gpa) != S_OK)
        return WHE_TRANSLATE_FAILED;
    return WHE_OK;
}
