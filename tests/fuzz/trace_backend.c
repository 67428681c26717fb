/* SPDX-License-Identifier: MIT */
#include "trace_backend.h"

static WHV_EMULATOR_CALLBACKS inner;
static unsigned left;
static bool was_ended;

static bool may_call(void)
{
    if (left == 0) {
        was_ended = true;
        return false;
    }
    left--;
    return true;
}

static HRESULT CALLBACK on_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    return may_call() ? inner.WHvEmulatorIoPortCallback(context, access) : E_ABORT;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    return may_call() ? inner.WHvEmulatorMemoryCallback(context, access) : E_ABORT;
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    if (!may_call())
        return E_ABORT;
    return inner.WHvEmulatorGetVirtualProcessorRegisters(context, names, count, values);
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    if (!may_call())
        return E_ABORT;
    return inner.WHvEmulatorSetVirtualProcessorRegisters(context, names, count, values);
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    if (!may_call())
        return E_ABORT;
    return inner.WHvEmulatorTranslateGvaPage(context, gva, flags, result, gpa);
}

static HRESULT WINAPI create(const WHV_EMULATOR_CALLBACKS *callbacks, WHV_EMULATOR_HANDLE *emulator)
{
    const WHV_EMULATOR_CALLBACKS outer = {.Size = sizeof(outer),
                                          .WHvEmulatorIoPortCallback = on_io,
                                          .WHvEmulatorMemoryCallback = on_memory,
                                          .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                          .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                          .WHvEmulatorTranslateGvaPage = on_translate};
    inner = *callbacks;
    return WHvEmulatorCreateEmulator(&outer, emulator);
}

/* The table is that of create(): both forms are given the same callbacks. */
static HRESULT WINAPI create_preview(WHV_PREVIEW_EMULATOR_CALLBACKS callbacks,
                                     WHV_EMULATOR_HANDLE *emulator)
{
    callbacks.WHvEmulatorIoPortCallback = on_io;
    callbacks.WHvEmulatorMemoryCallback = on_memory;
    callbacks.WHvEmulatorGetVirtualProcessorRegisters = on_get;
    callbacks.WHvEmulatorSetVirtualProcessorRegisters = on_set;
    callbacks.WHvEmulatorTranslateGvaPage = on_translate;
    return WHvEmulatorCreateEmulatorPreview(callbacks, emulator);
}

static HRESULT WINAPI try_io(WHV_EMULATOR_HANDLE emulator, VOID *context,
                             const WHV_VP_EXIT_CONTEXT *vp,
                             const WHV_X64_IO_PORT_ACCESS_CONTEXT *io, WHV_EMULATOR_STATUS *status)
{
    left = TRACE_CALLBACKS_MAX;
    return WHvEmulatorTryIoEmulation(emulator, context, vp, io, status);
}

static HRESULT WINAPI try_mmio(WHV_EMULATOR_HANDLE emulator, VOID *context,
                               const WHV_VP_EXIT_CONTEXT *vp,
                               const WHV_MEMORY_ACCESS_CONTEXT *memory, WHV_EMULATOR_STATUS *status)
{
    left = TRACE_CALLBACKS_MAX;
    return WHvEmulatorTryMmioEmulation(emulator, context, vp, memory, status);
}

static HRESULT WINAPI preview_try_io(WHV_EMULATOR_HANDLE emulator, VOID *context,
                                     WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT *io,
                                     WHV_PREVIEW_EMULATOR_STATUS *status)
{
    left = TRACE_CALLBACKS_MAX;
    return WHvEmulatorTryIoEmulationPreview(emulator, context, io, status);
}

static HRESULT WINAPI preview_try_mmio(WHV_EMULATOR_HANDLE emulator, VOID *context,
                                       WHV_PREVIEW_MEMORY_ACCESS_CONTEXT *memory,
                                       WHV_PREVIEW_EMULATOR_STATUS *status)
{
    left = TRACE_CALLBACKS_MAX;
    return WHvEmulatorTryMmioEmulationPreview(emulator, context, memory, status);
}

struct wht_backend trace_backend(void)
{
    return (struct wht_backend){.create = create,
                                .destroy = WHvEmulatorDestroyEmulator,
                                .try_io = try_io,
                                .try_mmio = try_mmio,
                                .preview_create = create_preview,
                                .preview_destroy = WHvEmulatorDestroyEmulatorPreview,
                                .preview_try_io = preview_try_io,
                                .preview_try_mmio = preview_try_mmio};
}

bool trace_backend_was_ended(void)
{
    bool answer = was_ended;
    was_ended = false;
    return answer;
}
