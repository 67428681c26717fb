/* SPDX-License-Identifier: MIT */
/* The exported functions: argument checks, and the preview form in terms of the shipping one. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <whvemu/emulator.h>
#include <whvemu/preview.h>
#include <whvemu/reason.h>

#include "emulate.h"
#include "status.h"

#if defined(_WIN32)
#define EXPORT /* windows/WinHvEmulation.def */
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#define BYTES_MAX  16
#define LENGTH_MAX 15

static struct whe_emulator *emulator_from_handle(WHV_EMULATOR_HANDLE handle)
{
    struct whe_emulator *emulator = handle;
    if (!emulator || ((uintptr_t)handle & (_Alignof(struct whe_emulator) - 1)) != 0)
        return NULL;
    return emulator->mark == WHE_HANDLE_FREE ? emulator : NULL;
}

EXPORT HRESULT WINAPI WHvEmulatorCreateEmulator(const WHV_EMULATOR_CALLBACKS *Callbacks,
                                                WHV_EMULATOR_HANDLE *Emulator)
{
    if (!Callbacks || !Emulator || Callbacks->Size != sizeof(*Callbacks) ||
        !Callbacks->WHvEmulatorIoPortCallback || !Callbacks->WHvEmulatorMemoryCallback ||
        !Callbacks->WHvEmulatorGetVirtualProcessorRegisters ||
        !Callbacks->WHvEmulatorSetVirtualProcessorRegisters ||
        !Callbacks->WHvEmulatorTranslateGvaPage)
        return E_INVALIDARG;
    struct whe_emulator *emulator = calloc(1, sizeof(*emulator));
    if (!emulator)
        return E_OUTOFMEMORY;
    emulator->mark = WHE_HANDLE_FREE;
    emulator->callbacks = *Callbacks;
    *Emulator = emulator;
    return S_OK;
}

EXPORT HRESULT WINAPI WHvEmulatorDestroyEmulator(WHV_EMULATOR_HANDLE Emulator)
{
    struct whe_emulator *emulator = emulator_from_handle(Emulator);
    if (!emulator)
        return E_INVALIDARG;
    emulator->mark = 0;
    free(emulator);
    return S_OK;
}

EXPORT const char *whvemu_reason(WHV_EMULATOR_HANDLE Emulator)
{
    struct whe_emulator *emulator = emulator_from_handle(Emulator);
    return emulator ? whe_reason_text(&emulator->reason) : NULL;
}

static bool has_port_size(WHV_X64_IO_PORT_ACCESS_INFO access)
{
    return access.AccessSize == 1 || access.AccessSize == 2 || access.AccessSize == 4;
}

EXPORT HRESULT WINAPI WHvEmulatorTryIoEmulation(
    WHV_EMULATOR_HANDLE Emulator, VOID *Context, const WHV_VP_EXIT_CONTEXT *VpContext,
    const WHV_X64_IO_PORT_ACCESS_CONTEXT *IoInstructionContext,
    WHV_EMULATOR_STATUS *EmulatorReturnStatus)
{
    struct whe_emulator *emulator = emulator_from_handle(Emulator);
    const WHV_X64_IO_PORT_ACCESS_CONTEXT *access = IoInstructionContext;
    if (!emulator || !VpContext || !access || !EmulatorReturnStatus ||
        access->InstructionByteCount > BYTES_MAX ||
        (!access->AccessInfo.StringOp && VpContext->InstructionLength == 0))
        return E_INVALIDARG;
    if (!access->AccessInfo.StringOp && !has_port_size(access->AccessInfo)) {
        whe_reason_keep(&emulator->reason, WHE_NO_PORT_SIZE, 0);
        *EmulatorReturnStatus = whe_status_from_result(WHE_NO_PORT_SIZE);
        return S_OK;
    }
    return whe_emulate_port_exit(emulator, Context, VpContext, access, EmulatorReturnStatus);
}

EXPORT HRESULT WINAPI WHvEmulatorTryMmioEmulation(
    WHV_EMULATOR_HANDLE Emulator, VOID *Context, const WHV_VP_EXIT_CONTEXT *VpContext,
    const WHV_MEMORY_ACCESS_CONTEXT *MmioInstructionContext,
    WHV_EMULATOR_STATUS *EmulatorReturnStatus)
{
    struct whe_emulator *emulator = emulator_from_handle(Emulator);
    const WHV_MEMORY_ACCESS_CONTEXT *access = MmioInstructionContext;
    if (!emulator || !VpContext || !access || !EmulatorReturnStatus ||
        access->InstructionByteCount > BYTES_MAX ||
        access->AccessInfo.AccessType > WHvMemoryAccessExecute)
        return E_INVALIDARG;
    return whe_emulate_memory_exit(emulator, Context, VpContext, access, EmulatorReturnStatus);
}

EXPORT HRESULT WINAPI WHvEmulatorCreateEmulatorPreview(WHV_PREVIEW_EMULATOR_CALLBACKS Callbacks,
                                                       WHV_EMULATOR_HANDLE *Emulator)
{
    WHV_EMULATOR_CALLBACKS callbacks = {
        .Size = sizeof(callbacks),
        .WHvEmulatorIoPortCallback = Callbacks.WHvEmulatorIoPortCallback,
        .WHvEmulatorMemoryCallback = Callbacks.WHvEmulatorMemoryCallback,
        .WHvEmulatorGetVirtualProcessorRegisters =
            Callbacks.WHvEmulatorGetVirtualProcessorRegisters,
        .WHvEmulatorSetVirtualProcessorRegisters =
            Callbacks.WHvEmulatorSetVirtualProcessorRegisters,
        .WHvEmulatorTranslateGvaPage = Callbacks.WHvEmulatorTranslateGvaPage};
    return WHvEmulatorCreateEmulator(&callbacks, Emulator);
}

EXPORT HRESULT WINAPI WHvEmulatorDestroyEmulatorPreview(WHV_EMULATOR_HANDLE Emulator)
{
    return WHvEmulatorDestroyEmulator(Emulator);
}

static WHV_VP_EXIT_CONTEXT vp_from_preview(const WHV_PREVIEW_VP_EXIT_CONTEXT *vp)
{
    return (WHV_VP_EXIT_CONTEXT){.ExecutionState = vp->ExecutionState,
                                 .InstructionLength = (UINT8)(vp->InstructionLength & 15u),
                                 .Cs = vp->Cs,
                                 .Rip = vp->Rip,
                                 .Rflags = vp->Rflags};
}

/* Runs a preview call with the shipping status word and hands its bits over. */
static HRESULT preview_status(HRESULT result, WHV_EMULATOR_STATUS status,
                              WHV_PREVIEW_EMULATOR_STATUS *out)
{
    if (result == S_OK)
        out->AsUINT32 = status.AsUINT32;
    return result;
}

EXPORT HRESULT WINAPI
WHvEmulatorTryIoEmulationPreview(WHV_EMULATOR_HANDLE Emulator, VOID *Context,
                                 WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT *IoInstructionContext,
                                 WHV_PREVIEW_EMULATOR_STATUS *const EmulatorReturnStatus)
{
    const WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT *from = IoInstructionContext;
    if (!from || !EmulatorReturnStatus || from->VpContext.InstructionLength > LENGTH_MAX)
        return E_INVALIDARG;
    const WHV_VP_EXIT_CONTEXT vp = vp_from_preview(&from->VpContext);
    WHV_X64_IO_PORT_ACCESS_CONTEXT access = {.InstructionByteCount = from->InstructionByteCount,
                                             .AccessInfo = from->AccessInfo,
                                             .PortNumber = from->PortNumber,
                                             .Rax = from->Rax,
                                             .Rcx = from->Rcx,
                                             .Rsi = from->Rsi,
                                             .Rdi = from->Rdi,
                                             .Ds = from->Ds,
                                             .Es = from->Es};
    memcpy(access.InstructionBytes, from->InstructionBytes, sizeof(access.InstructionBytes));
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    HRESULT result = WHvEmulatorTryIoEmulation(Emulator, Context, &vp, &access, &status);
    return preview_status(result, status, EmulatorReturnStatus);
}

EXPORT HRESULT WINAPI
WHvEmulatorTryMmioEmulationPreview(WHV_EMULATOR_HANDLE Emulator, VOID *Context,
                                   WHV_PREVIEW_MEMORY_ACCESS_CONTEXT *MmioInstructionContext,
                                   WHV_PREVIEW_EMULATOR_STATUS *const EmulatorReturnStatus)
{
    const WHV_PREVIEW_MEMORY_ACCESS_CONTEXT *from = MmioInstructionContext;
    if (!from || !EmulatorReturnStatus || from->VpContext.InstructionLength > LENGTH_MAX)
        return E_INVALIDARG;
    const WHV_VP_EXIT_CONTEXT vp = vp_from_preview(&from->VpContext);
    WHV_MEMORY_ACCESS_CONTEXT access = {.InstructionByteCount = from->InstructionByteCount,
                                        .AccessInfo = from->AccessInfo,
                                        .Gpa = from->Gpa,
                                        .Gva = from->Gva};
    memcpy(access.InstructionBytes, from->InstructionBytes, sizeof(access.InstructionBytes));
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    HRESULT result = WHvEmulatorTryMmioEmulation(Emulator, Context, &vp, &access, &status);
    return preview_status(result, status, EmulatorReturnStatus);
}
