/* SPDX-License-Identifier: MIT */
#include "host.h"

static const WHV_REGISTER_NAME names[WHE_REG_COUNT] = {
#define WHE_REG(id, name) [WHE_REG_##id] = name,
#include "reg_names.def"
};

/* Callers forward these arrays to code that moves them with aligned SSE instructions. */
struct batch {
    _Alignas(16) WHV_REGISTER_NAME name[WHE_REG_COUNT];
    _Alignas(16) WHV_REGISTER_VALUE value[WHE_REG_COUNT];
};

static inline unsigned take_lowest(uint64_t *set)
{
    unsigned index = (unsigned)__builtin_ctzll(*set);
    *set &= *set - 1;
    return index;
}

enum whe_result whe_host_get(struct whe_call *call, uint64_t needed)
{
    needed &= ~call->regs.known;
    if (needed == 0)
        return WHE_OK;

    struct batch batch;
    UINT32 count = 0;
    for (uint64_t rest = needed; rest != 0; count++) {
        batch.name[count] = names[take_lowest(&rest)];
        batch.value[count].Reg128 = (WHV_UINT128){.Low64 = 0};
    }
    if (call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, batch.name, count,
                                                                 batch.value) != S_OK)
        return WHE_GET_FAILED;
    call->regs.known |= needed;
    for (unsigned i = 0; needed != 0; i++)
        call->regs.value[take_lowest(&needed)] = batch.value[i];
    return WHE_OK;
}

enum whe_result whe_host_set(struct whe_call *call)
{
    struct batch batch;
    UINT32 count = 0;
    for (uint64_t rest = call->regs.written; rest != 0; count++) {
        unsigned reg = take_lowest(&rest);
        batch.name[count] = names[reg];
        batch.value[count] = call->regs.value[reg];
    }
    if (call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, batch.name, count,
                                                                 batch.value) != S_OK)
        return WHE_SET_FAILED;
    return WHE_OK;
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
