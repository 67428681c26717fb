/* SPDX-License-Identifier: MIT */
/**
 * @file emulator.h
 * A tiny emulator that can store EAX to the address of a memory exit and advance RIP by two, or,
 * by the other functions below, a little more. Each library in this folder does it with one fault,
 * in its function emulate(); the first line of the harness's report must name it.
 */
#ifndef WHVTRACE_TESTS_FAULTY_EMULATOR_H
#define WHVTRACE_TESTS_FAULTY_EMULATOR_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <whvemu/emulator.h>

#ifndef DESTROY_RESULT
#define DESTROY_RESULT S_OK
#endif

#define EXPORT __attribute__((visibility("default")))

struct emulator {
    WHV_EMULATOR_CALLBACKS callbacks;
    uint32_t data; /**< for faults that remember */
    bool has_data;
};

/** One call while it runs; what the faults work on. */
struct call {
    struct emulator *emulator;
    const WHV_EMULATOR_CALLBACKS *callbacks;
    void *context;
    const WHV_VP_EXIT_CONTEXT *vp;
    const WHV_MEMORY_ACCESS_CONTEXT *memory;
    uint32_t rax;
};

/** Gets RAX, and more registers that nobody needs. */
static inline HRESULT call_get_count(struct call *call, UINT32 count)
{
    _Alignas(16)
        WHV_REGISTER_NAME names[] = {WHvX64RegisterRax, WHvX64RegisterRcx, WHvX64RegisterRdx};
    _Alignas(16) WHV_REGISTER_VALUE values[3] = {{.Reg64 = 0}};
    HRESULT hr = call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, names,
                                                                          count, values);
    call->rax = (uint32_t)values[0].Reg64;
    return hr;
}

static inline HRESULT call_get(struct call *call)
{
    return call_get_count(call, 1);
}

static inline HRESULT call_load(struct call *call, uint64_t gpa, uint32_t *data)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {.GpaAddress = gpa, .AccessSize = 4};
    HRESULT hr = call->callbacks->WHvEmulatorMemoryCallback(call->context, &access);
    memcpy(data, access.Data, sizeof(*data));
    return hr;
}

/** Stores some bytes of RAX. */
static inline HRESULT call_store_part(struct call *call, uint64_t gpa, unsigned from, unsigned size)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {
        .GpaAddress = gpa, .Direction = 1, .AccessSize = (UINT8)size};
    memcpy(access.Data, (const uint8_t *)&call->rax + from, size);
    return call->callbacks->WHvEmulatorMemoryCallback(call->context, &access);
}

static inline HRESULT call_store(struct call *call, uint64_t gpa, uint32_t data)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {.GpaAddress = gpa, .Direction = 1, .AccessSize = 4};
    memcpy(access.Data, &data, sizeof(data));
    return call->callbacks->WHvEmulatorMemoryCallback(call->context, &access);
}

/** Sets RIP. */
static inline HRESULT call_set_rip_to(struct call *call, uint64_t rip)
{
    _Alignas(16) WHV_REGISTER_NAME name = WHvX64RegisterRip;
    _Alignas(16) WHV_REGISTER_VALUE value = {.Reg64 = rip};
    return call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, &name, 1,
                                                                    &value);
}

static inline HRESULT call_set_rip(struct call *call)
{
    return call_set_rip_to(call, call->vp->Rip + 2);
}

/** Sets RIP to the next instruction, and one more register. */
static inline HRESULT call_set(struct call *call, WHV_REGISTER_NAME name, uint64_t value)
{
    _Alignas(16) WHV_REGISTER_NAME names[] = {WHvX64RegisterRip, name};
    _Alignas(16) WHV_REGISTER_VALUE values[] = {{.Reg64 = call->vp->Rip + 2}, {.Reg64 = value}};
    return call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, names, 2,
                                                                    values);
}

EXPORT HRESULT WINAPI WHvEmulatorCreateEmulator(const WHV_EMULATOR_CALLBACKS *callbacks,
                                                WHV_EMULATOR_HANDLE *handle)
{
#ifdef REFUSES
    (void)callbacks;
    (void)handle;
    return E_ACCESSDENIED;
#else
#ifdef CRASHES_AT_FIRST
    abort();
#endif
#ifdef CRASHES_AT_SECOND
    static int created;
    if (created++ > 0)
        abort();
#endif
    struct emulator *emulator = calloc(1, sizeof(*emulator));
    if (!emulator)
        return E_OUTOFMEMORY;
    emulator->callbacks = *callbacks;
    *handle = emulator;
    return S_OK;
#endif
}

EXPORT HRESULT WINAPI WHvEmulatorDestroyEmulator(WHV_EMULATOR_HANDLE handle)
{
#ifdef CRASHES_WHEN_DESTROYED
    abort();
#endif
#ifdef HANGS_WHEN_DESTROYED
    for (volatile unsigned spins = 0;;)
        spins++;
#endif
    free(handle);
    return DESTROY_RESULT;
}

/** What each library defines: the store, with its fault. Returns the status word. */
static uint32_t emulate(struct call *call);

EXPORT HRESULT WINAPI WHvEmulatorTryMmioEmulation(WHV_EMULATOR_HANDLE handle, VOID *context,
                                                  const WHV_VP_EXIT_CONTEXT *vp,
                                                  const WHV_MEMORY_ACCESS_CONTEXT *memory,
                                                  WHV_EMULATOR_STATUS *status)
{
    struct emulator *emulator = handle;
    struct call call = {emulator, &emulator->callbacks, context, vp, memory, 0};
    status->AsUINT32 = emulate(&call);
    return S_OK;
}

#ifndef WITHOUT_IO
EXPORT HRESULT WINAPI WHvEmulatorTryIoEmulation(WHV_EMULATOR_HANDLE handle, VOID *context,
                                                const WHV_VP_EXIT_CONTEXT *vp,
                                                const WHV_X64_IO_PORT_ACCESS_CONTEXT *io,
                                                WHV_EMULATOR_STATUS *status)
{
    (void)handle;
    (void)context;
    (void)vp;
    (void)io;
    status->AsUINT32 = 2;
    return S_OK;
}
#endif

#endif
