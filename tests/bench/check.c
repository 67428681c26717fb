/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <stdio.h>

#include "call.h"
#include "guest.h"

/* The linker hands every allocation of the library and of this program to these. */
static unsigned allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    allocations++;
    return __real_realloc(block, size);
}

/* Callbacks that count and then ask the scenario's own. */
struct counted {
    const WHV_EMULATOR_CALLBACKS *callbacks;
    void *context;
    unsigned calls;
    unsigned gets; /* masks of enum bench_reg */
    unsigned sets;
};

static unsigned bit_from_name(WHV_REGISTER_NAME name)
{
    switch (name) {
#define BENCH_REG(id, whv, unicorn, value)                                                         \
    case whv:                                                                                      \
        return BENCH_##id;
#include "registers.def"
    default:
        return BENCH_OTHER;
    }
}

static HRESULT CALLBACK count_port(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    struct counted *counted = context;
    counted->calls++;
    return counted->callbacks->WHvEmulatorIoPortCallback(counted->context, access);
}

static HRESULT CALLBACK count_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct counted *counted = context;
    counted->calls++;
    return counted->callbacks->WHvEmulatorMemoryCallback(counted->context, access);
}

static HRESULT CALLBACK count_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                                  WHV_REGISTER_VALUE *values)
{
    struct counted *counted = context;
    counted->calls++;
    for (UINT32 i = 0; i < count; i++)
        counted->gets |= bit_from_name(names[i]);
    return counted->callbacks->WHvEmulatorGetVirtualProcessorRegisters(counted->context, names,
                                                                       count, values);
}

static HRESULT CALLBACK count_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                                  const WHV_REGISTER_VALUE *values)
{
    struct counted *counted = context;
    counted->calls++;
    for (UINT32 i = 0; i < count; i++)
        counted->sets |= bit_from_name(names[i]);
    return counted->callbacks->WHvEmulatorSetVirtualProcessorRegisters(counted->context, names,
                                                                       count, values);
}

static HRESULT CALLBACK count_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                        WHV_TRANSLATE_GVA_FLAGS flags,
                                        WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                        WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct counted *counted = context;
    counted->calls++;
    return counted->callbacks->WHvEmulatorTranslateGvaPage(counted->context, gva, flags, result,
                                                           gpa);
}

static const WHV_EMULATOR_CALLBACKS counting = {
    .Size = sizeof(counting),
    .WHvEmulatorIoPortCallback = count_port,
    .WHvEmulatorMemoryCallback = count_memory,
    .WHvEmulatorGetVirtualProcessorRegisters = count_get,
    .WHvEmulatorSetVirtualProcessorRegisters = count_set,
    .WHvEmulatorTranslateGvaPage = count_translate};

static bool is_equal(const struct bench_scenario *scenario, const char *what, unsigned expected,
                     unsigned actual)
{
    if (expected != actual)
        fprintf(stderr, "bench: %s: %s: %#x expected, got %#x\n", scenario->name, what, expected,
                actual);
    return expected == actual;
}

/* CR0 and CR4 of SSE, the segment of 32-bit code. */
static unsigned other_gets(const struct bench_scenario *scenario)
{
    const bool is_sse = ((scenario->inputs | scenario->outputs) & BENCH_XMM0) != 0;
    const bool has_segment = (scenario->traits & BENCH_CODE32) &&
                             !(scenario->traits & BENCH_BY_EXIT) && scenario->exit != BENCH_EXECUTE;
    return is_sse || has_segment ? BENCH_OTHER : 0;
}

/* Port exits bring the registers that the instruction reads, memory exits none of them. */
static unsigned expected_gets(const struct bench_scenario *scenario)
{
    if (scenario->exit == BENCH_PORT_READ || scenario->exit == BENCH_PORT_WRITE)
        return 0;
    if (scenario->traits & BENCH_BY_EXIT)
        return (scenario->inputs & ~(unsigned)(BENCH_RBX | BENCH_RDX)) | other_gets(scenario);
    return scenario->inputs | other_gets(scenario);
}

bool bench_check(const struct bench_scenario *scenario)
{
    struct counted counted = {.callbacks = bench_callbacks(scenario), .context = (void *)scenario};
    struct bench_call call;
    unsigned before = allocations;
    bench_call_begin(&call, scenario, &counting, &counted);
    bool is_good = is_equal(scenario, "allocations of Create", 1, allocations - before);
    bench_call_repeat(&call, 1);
    counted = (struct counted){.callbacks = counted.callbacks, .context = counted.context};
    bench_call_repeat(&call, 1);
    is_good &= is_equal(scenario, "allocations of two calls", 1, allocations - before);
    is_good &= is_equal(scenario, "callbacks", scenario->callbacks, counted.calls);
    is_good &= is_equal(scenario, "registers of Get", expected_gets(scenario), counted.gets);
    is_good &= is_equal(scenario, "registers of Set", scenario->outputs | BENCH_RIP, counted.sets);
    bench_call_end(&call);
    return is_good;
}
