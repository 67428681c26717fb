/* SPDX-License-Identifier: MIT */
/*
 * The exported functions, in both forms: argument checks, and the exit in the form that emulate.c
 * takes.
 */
#include <stdlib.h>

#include <whvemu/emulator.h>
#include <whvemu/preview.h>

#include "decode_cache.h"
#include "emulate.h"
#include "status.h"
#include "translate.h"

#if defined(_WIN32)
#define EXPORT /* windows/WinHvEmulation.def */
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#define HANDLE_MARK     UINT64_C(0x756d657668770001)
#define BYTES_MAX       16
#define LENGTH_MAX      15
#define ACCESS_TYPE_MAX WHvMemoryAccessExecute

struct emulator {
    uint64_t mark;
    WHV_EMULATOR_CALLBACKS callbacks;
    struct whe_decode_cache cache;
};

static struct emulator *emulator_from_handle(WHV_EMULATOR_HANDLE handle)
{
    struct emulator *emulator = handle;
    if (!emulator || ((uintptr_t)handle & (_Alignof(struct emulator) - 1)) != 0)
        return NULL;
    return emulator->mark == HANDLE_MARK ? emulator : NULL;
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
    struct emulator *emulator = calloc(1, sizeof(*emulator));
    if (!emulator)
        return E_OUTOFMEMORY;
    emulator->mark = HANDLE_MARK;
    emulator->callbacks = *Callbacks;
    *Emulator = emulator;
    return S_OK;
}

EXPORT HRESULT WINAPI WHvEmulatorDestroyEmulator(WHV_EMULATOR_HANDLE Emulator)
{
    struct emulator *emulator = emulator_from_handle(Emulator);
    if (!emulator)
        return E_INVALIDARG;
    emulator->mark = 0;
    free(emulator);
    return S_OK;
}

static void begin(struct whe_call *call, struct emulator *emulator, void *context)
{
    call->callbacks = &emulator->callbacks;
    call->context = context;
    call->cache = &emulator->cache;
    whe_translations_init(&call->translations);
}

static HRESULT finish(struct whe_call *call, WHV_EMULATOR_STATUS *status)
{
    *status = whe_status_from_result(whe_emulate(call));
    return S_OK;
}

/* Both forms of the contexts have members of the same names, at other places. */
#define TAKE_STATE(call, vp)                                                                       \
    do {                                                                                           \
        (call)->exit.state = (vp)->ExecutionState;                                                 \
        (call)->exit.cs = &(vp)->Cs;                                                               \
        (call)->exit.rip = (vp)->Rip;                                                              \
        (call)->exit.rflags = (vp)->Rflags;                                                        \
        whe_regs_init(&(call)->regs, (vp)->Rip);                                                   \
    } while (0)

#define TAKE_BYTES(call, access)                                                                   \
    do {                                                                                           \
        (call)->exit.byte_count = (access)->InstructionByteCount;                                  \
        (call)->exit.bytes = (access)->InstructionBytes;                                           \
    } while (0)

#define TAKE_MEMORY_ACCESS(call, access)                                                           \
    do {                                                                                           \
        TAKE_BYTES(call, access);                                                                  \
        (call)->exit.kind = (enum whe_exit_kind)(access)->AccessInfo.AccessType;                   \
        if ((access)->AccessInfo.GvaValid)                                                         \
            whe_translations_add_exit(&(call)->translations, (access)->AccessInfo.AccessType,      \
                                      (access)->Gva, (access)->Gpa);                               \
    } while (0)

#define TAKE_PORT_ACCESS(call, access)                                                             \
    do {                                                                                           \
        TAKE_BYTES(call, access);                                                                  \
        (call)->exit.kind = WHE_EXIT_IO;                                                           \
        (call)->exit.io = (access)->AccessInfo;                                                    \
        (call)->exit.port = (access)->PortNumber;                                                  \
        whe_reg_know(&(call)->regs, WHE_REG_RAX, (access)->Rax);                                   \
        if ((access)->AccessInfo.StringOp) {                                                       \
            whe_reg_know(&(call)->regs, WHE_REG_RCX, (access)->Rcx);                               \
            whe_reg_know(&(call)->regs, WHE_REG_RSI, (access)->Rsi);                               \
            whe_reg_know(&(call)->regs, WHE_REG_RDI, (access)->Rdi);                               \
            whe_segment_know(&(call)->regs, WHE_REG_DS, &(access)->Ds);                            \
            whe_segment_know(&(call)->regs, WHE_REG_ES, &(access)->Es);                            \
        }                                                                                          \
    } while (0)

static HRESULT try_memory(struct whe_call *call, WHV_EMULATOR_STATUS *status)
{
    if (call->exit.byte_count > BYTES_MAX || (unsigned)call->exit.kind > ACCESS_TYPE_MAX)
        return E_INVALIDARG;
    return finish(call, status);
}

static HRESULT try_port(struct whe_call *call, uint8_t length, WHV_EMULATOR_STATUS *status)
{
    struct whe_exit *exit = &call->exit;
    exit->instruction_length = length;
    if (exit->byte_count > BYTES_MAX)
        return E_INVALIDARG;
    if (exit->io.StringOp)
        return finish(call, status);
    if (length == 0)
        return E_INVALIDARG;
    if (exit->io.AccessSize != 1 && exit->io.AccessSize != 2 && exit->io.AccessSize != 4) {
        *status = whe_status_from_result(WHE_UNSUPPORTED);
        return S_OK;
    }
    return finish(call, status);
}

EXPORT HRESULT WINAPI WHvEmulatorTryIoEmulation(
    WHV_EMULATOR_HANDLE Emulator, VOID *Context, const WHV_VP_EXIT_CONTEXT *VpContext,
    const WHV_X64_IO_PORT_ACCESS_CONTEXT *IoInstructionContext,
    WHV_EMULATOR_STATUS *EmulatorReturnStatus)
{
    struct emulator *emulator = emulator_from_handle(Emulator);
    struct whe_call call;
    if (!emulator || !VpContext || !IoInstructionContext || !EmulatorReturnStatus)
        return E_INVALIDARG;
    begin(&call, emulator, Context);
    TAKE_STATE(&call, VpContext);
    TAKE_PORT_ACCESS(&call, IoInstructionContext);
    return try_port(&call, VpContext->InstructionLength, EmulatorReturnStatus);
}

EXPORT HRESULT WINAPI WHvEmulatorTryMmioEmulation(
    WHV_EMULATOR_HANDLE Emulator, VOID *Context, const WHV_VP_EXIT_CONTEXT *VpContext,
    const WHV_MEMORY_ACCESS_CONTEXT *MmioInstructionContext,
    WHV_EMULATOR_STATUS *EmulatorReturnStatus)
{
    struct emulator *emulator = emulator_from_handle(Emulator);
    struct whe_call call;
    if (!emulator || !VpContext || !MmioInstructionContext || !EmulatorReturnStatus)
        return E_INVALIDARG;
    begin(&call, emulator, Context);
    TAKE_STATE(&call, VpContext);
    TAKE_MEMORY_ACCESS(&call, MmioInstructionContext);
    return try_memory(&call, EmulatorReturnStatus);
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
    struct emulator *emulator = emulator_from_handle(Emulator);
    struct whe_call call;
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    if (!emulator || !IoInstructionContext || !EmulatorReturnStatus ||
        IoInstructionContext->VpContext.InstructionLength > LENGTH_MAX)
        return E_INVALIDARG;
    begin(&call, emulator, Context);
    TAKE_STATE(&call, &IoInstructionContext->VpContext);
    TAKE_PORT_ACCESS(&call, IoInstructionContext);
    HRESULT result = try_port(&call, IoInstructionContext->VpContext.InstructionLength, &status);
    return preview_status(result, status, EmulatorReturnStatus);
}

EXPORT HRESULT WINAPI
WHvEmulatorTryMmioEmulationPreview(WHV_EMULATOR_HANDLE Emulator, VOID *Context,
                                   WHV_PREVIEW_MEMORY_ACCESS_CONTEXT *MmioInstructionContext,
                                   WHV_PREVIEW_EMULATOR_STATUS *const EmulatorReturnStatus)
{
    struct emulator *emulator = emulator_from_handle(Emulator);
    struct whe_call call;
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    if (!emulator || !MmioInstructionContext || !EmulatorReturnStatus ||
        MmioInstructionContext->VpContext.InstructionLength > LENGTH_MAX)
        return E_INVALIDARG;
    begin(&call, emulator, Context);
    TAKE_STATE(&call, &MmioInstructionContext->VpContext);
    TAKE_MEMORY_ACCESS(&call, MmioInstructionContext);
    HRESULT result = try_memory(&call, &status);
    return preview_status(result, status, EmulatorReturnStatus);
}
