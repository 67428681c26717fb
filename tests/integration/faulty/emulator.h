/* SPDX-License-Identifier: MIT */
/**
 * @file emulator.h
 * A tiny emulator that can do one thing: store EAX to the address of a memory exit and advance RIP
 * by two. Each library in this folder does it with one fault, in its function emulate(); the
 * harness must name it.
 *
 */
#ifndef WHVTRACE_TESTS_FAULTY_EMULATOR_H
#define WHVTRACE_TESTS_FAULTY_EMULATOR_H

#include <stdlib.h>
#include <string.h>

#include <whvemu/emulator.h>

#define EXPORT __attribute__((visibility("default")))

struct emulator {
    WHV_EMULATOR_CALLBACKS callbacks;
};

/** One call while it runs; what the faults work on. */
struct call {
    const WHV_EMULATOR_CALLBACKS *callbacks;
    void *context;
    const WHV_VP_EXIT_CONTEXT *vp;
    const WHV_MEMORY_ACCESS_CONTEXT *memory;
    uint32_t rax;
};

static inline HRESULT call_get(struct call *call)
{
    _Alignas(16) WHV_REGISTER_NAME name = WHvX64RegisterRax;
    _Alignas(16) WHV_REGISTER_VALUE value = {.Reg64 = 0};
    HRESULT hr =
        call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, &name, 1, &value);
    call->rax = (uint32_t)value.Reg64;
    return hr;
}

static inline HRESULT call_store(struct call *call, uint64_t gpa, uint32_t data)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {.GpaAddress = gpa, .Direction = 1, .AccessSize = 4};
    memcpy(access.Data, &data, sizeof(data));
    return call->callbacks->WHvEmulatorMemoryCallback(call->context, &access);
}

static inline HRESULT call_set_rip(struct call *call)
{
    _Alignas(16) WHV_REGISTER_NAME name = WHvX64RegisterRip;
    _Alignas(16) WHV_REGISTER_VALUE value = {.Reg64 = call->vp->Rip + 2};
    return call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, &name, 1,
                                                                    &value);
}

EXPORT HRESULT WINAPI WHvEmulatorCreateEmulator(const WHV_EMULATOR_CALLBACKS *callbacks,
                                                WHV_EMULATOR_HANDLE *handle)
{
#ifdef REFUSES
    (void)callbacks;
    (void)handle;
    return E_ACCESSDENIED;
#else
    struct emulator *emulator = malloc(sizeof(*emulator));
    if (!emulator)
        return E_OUTOFMEMORY;
    emulator->callbacks = *callbacks;
    *handle = emulator;
    return S_OK;
#endif
}

EXPORT HRESULT WINAPI WHvEmulatorDestroyEmulator(WHV_EMULATOR_HANDLE handle)
{
    free(handle);
    return S_OK;
}

/** What each library defines: the store, with its fault. Returns the status word. */
static uint32_t emulate(struct call *call);

EXPORT HRESULT WINAPI WHvEmulatorTryMmioEmulation(WHV_EMULATOR_HANDLE handle, VOID *context,
                                                  const WHV_VP_EXIT_CONTEXT *vp,
                                                  const WHV_MEMORY_ACCESS_CONTEXT *memory,
                                                  WHV_EMULATOR_STATUS *status)
{
    struct emulator *emulator = handle;
    struct call call = {&emulator->callbacks, context, vp, memory, 0};
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
