/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <string.h>

#define DATA_SEGMENT 0xc093 /* granular, 32-bit, present, writable, accessed */
#define NAMES        64     /* register names below this have a value */

/* By name. XMM0 has none of these. */
static const uint64_t values[NAMES] = {
#define BENCH_REG(id, whv, unicorn, value) [(whv) < NAMES ? (whv) : NAMES - 1] = (value),
#include "registers.def"
    [WHvX64RegisterCr0] = BENCH_CR0,
    [WHvX64RegisterCr4] = BENCH_CR4,
};

static HRESULT CALLBACK on_port(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    (void)context;
    access->Data = BENCH_VALUE;
    return S_OK;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    (void)context;
    access->Data[0] = BENCH_VALUE;
    return S_OK;
}

/* CMPXCHG finds another value than its accumulator. */
static HRESULT CALLBACK on_other_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    (void)context;
    access->Data[0] = BENCH_VALUE + 1;
    return S_OK;
}

/* With code in memory. */
static HRESULT CALLBACK on_memory_or_code(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    const struct bench_scenario *scenario = context;
    uint64_t at = access->GpaAddress - BENCH_CODE;
    if (at > sizeof(scenario->code) - sizeof(access->Data))
        return on_memory(context, access);
    memcpy(access->Data, scenario->code + at, sizeof(access->Data));
    return S_OK;
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *out)
{
    (void)context;
    for (UINT32 i = 0; i < count; i++)
        out[i].Reg64 = values[names[i]];
    return S_OK;
}

/* With DS, which is flat, and XMM0. */
static HRESULT CALLBACK on_get_any(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                                   WHV_REGISTER_VALUE *out)
{
    (void)context;
    for (UINT32 i = 0; i < count; i++) {
        if (names[i] == WHvX64RegisterDs)
            out[i].Segment =
                (WHV_X64_SEGMENT_REGISTER){.Limit = 0xffffffff, .Attributes = DATA_SEGMENT};
        else if (names[i] == WHvX64RegisterXmm0)
            out[i].Reg128 = (WHV_UINT128){.Low64 = BENCH_VALUE};
        else
            out[i].Reg64 = values[names[i]];
    }
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *in)
{
    (void)context;
    (void)names;
    (void)count;
    (void)in;
    return S_OK;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    (void)context;
    (void)flags;
    *result = WHvTranslateGvaResultSuccess;
    *gpa = gva;
    return S_OK;
}

#define CALLBACKS(memory, get)                                                                     \
    {                                                                                              \
        .Size = sizeof(WHV_EMULATOR_CALLBACKS), .WHvEmulatorIoPortCallback = on_port,              \
        .WHvEmulatorMemoryCallback = memory, .WHvEmulatorGetVirtualProcessorRegisters = get,       \
        .WHvEmulatorSetVirtualProcessorRegisters = on_set,                                         \
        .WHvEmulatorTranslateGvaPage = on_translate                                                \
    }

const WHV_EMULATOR_CALLBACKS *bench_callbacks(const struct bench_scenario *scenario)
{
    static const WHV_EMULATOR_CALLBACKS usual = CALLBACKS(on_memory, on_get);
    static const WHV_EMULATOR_CALLBACKS with_code = CALLBACKS(on_memory_or_code, on_get);
    static const WHV_EMULATOR_CALLBACKS unequal = CALLBACKS(on_other_memory, on_get);
    static const WHV_EMULATOR_CALLBACKS with_any = CALLBACKS(on_memory, on_get_any);
    if (scenario->traits & BENCH_NO_BYTES)
        return &with_code;
    if ((scenario->traits & BENCH_CODE32) || (scenario->inputs & BENCH_XMM0))
        return &with_any;
    if (scenario->traits & BENCH_UNEQUAL)
        return &unequal;
    return &usual;
}
