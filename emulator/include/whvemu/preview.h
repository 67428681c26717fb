/* SPDX-License-Identifier: MIT */
/**
 * @file preview.h
 * The preview form of the emulator's API (December 2017 to January 2018), as a second set of entry
 * points.
 *
 * In the preview both access contexts embed the exit context, so that the Try functions take four
 * parameters; the callback table has no Size and is passed to Create by value; InstructionLength is
 * a whole byte. Everything else is as in emulator.h: same callbacks, same status word, same
 * behaviour, and the handles of both forms are interchangeable.
 *
 * C allows one name one meaning, so the types and functions carry the word Preview here. Source
 * written against the preview's own document compiles unchanged with
 *
 *     #define WHVEMU_PREVIEW_NAMES
 *     #include <whvemu/preview.h>
 *
 * which maps the document's names onto these. Do not include emulator.h after that in the same
 * file.
 */
#ifndef WHVEMU_PREVIEW_H
#define WHVEMU_PREVIEW_H

#include "whv_abi.h"

/** State at the exit; 40 bytes. InstructionLength is 0 to 15. */
typedef struct WHV_PREVIEW_VP_EXIT_CONTEXT {
    WHV_X64_VP_EXECUTION_STATE ExecutionState;
    UINT8 InstructionLength;
    UINT8 Reserved;
    UINT32 Reserved2;
    WHV_X64_SEGMENT_REGISTER Cs;
    UINT64 Rip;
    UINT64 Rflags;
} WHV_PREVIEW_VP_EXIT_CONTEXT;

/** A memory-access exit; 80 bytes. */
typedef struct WHV_PREVIEW_MEMORY_ACCESS_CONTEXT {
    WHV_PREVIEW_VP_EXIT_CONTEXT VpContext;
    UINT8 InstructionByteCount;
    UINT8 InstructionBytes[16];
    WHV_MEMORY_ACCESS_INFO AccessInfo;
    WHV_GUEST_PHYSICAL_ADDRESS Gpa;
    WHV_GUEST_VIRTUAL_ADDRESS Gva;
} WHV_PREVIEW_MEMORY_ACCESS_CONTEXT;

/** A port-access exit; 136 bytes. */
typedef struct WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT {
    WHV_PREVIEW_VP_EXIT_CONTEXT VpContext;
    UINT8 InstructionByteCount;
    UINT8 InstructionBytes[16];
    WHV_X64_IO_PORT_ACCESS_INFO AccessInfo;
    UINT16 PortNumber;
    UINT64 Rax;
    UINT64 Rcx;
    UINT64 Rsi;
    UINT64 Rdi;
    WHV_X64_SEGMENT_REGISTER Ds;
    WHV_X64_SEGMENT_REGISTER Es;
} WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT;

/** The callback table; 40 bytes, all five members are required. */
typedef struct WHV_PREVIEW_EMULATOR_CALLBACKS {
    WHV_EMULATOR_IO_PORT_CALLBACK WHvEmulatorIoPortCallback;
    WHV_EMULATOR_MEMORY_CALLBACK WHvEmulatorMemoryCallback;
    WHV_EMULATOR_GET_VIRTUAL_PROCESSOR_REGISTERS_CALLBACK WHvEmulatorGetVirtualProcessorRegisters;
    WHV_EMULATOR_SET_VIRTUAL_PROCESSOR_REGISTERS_CALLBACK WHvEmulatorSetVirtualProcessorRegisters;
    WHV_EMULATOR_TRANSLATE_GVA_PAGE_CALLBACK WHvEmulatorTranslateGvaPage;
} WHV_PREVIEW_EMULATOR_CALLBACKS;

/** The status word under the preview's member names; the same 32 bits as WHV_EMULATOR_STATUS. */
typedef union WHV_PREVIEW_EMULATOR_STATUS {
    struct {
        UINT32 EmulationSuccessful : 1;
        UINT32 InternalEmulationFailure : 1;
        UINT32 IoPortCallbackFailed : 1;
        UINT32 MemoryCallbackFailed : 1;
        UINT32 TranslateGvaPageCallbackFailed : 1;
        UINT32 TranslateGvaPageCallbackGpaPageIsNotAligned : 1;
        UINT32 GetVirtualProcessorRegistersCallbackFailed : 1;
        UINT32 SetVirtualProcessorRegistersCallbackFailed : 1;
        UINT32 InterruptCausedIntercept : 1;
        UINT32 GuestCannotBeFaulted : 1;
        UINT32 Reserved : 22;
    };
    UINT32 AsUINT32;
} WHV_PREVIEW_EMULATOR_STATUS;

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Creates an emulator from a table passed by value.
 * @return S_OK; E_INVALIDARG if Emulator or a callback is NULL; E_OUTOFMEMORY.
 */
HRESULT WINAPI WHvEmulatorCreateEmulatorPreview(WHV_PREVIEW_EMULATOR_CALLBACKS Callbacks,
                                                WHV_EMULATOR_HANDLE *Emulator);

/** As WHvEmulatorDestroyEmulator. */
HRESULT WINAPI WHvEmulatorDestroyEmulatorPreview(WHV_EMULATOR_HANDLE Emulator);

/**
 * As WHvEmulatorTryIoEmulation, with the exit context embedded in the access context.
 * @return additionally E_INVALIDARG for InstructionLength above 15.
 */
HRESULT WINAPI
WHvEmulatorTryIoEmulationPreview(WHV_EMULATOR_HANDLE Emulator, VOID *Context,
                                 WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT *IoInstructionContext,
                                 WHV_PREVIEW_EMULATOR_STATUS *const EmulatorReturnStatus);

/**
 * As WHvEmulatorTryMmioEmulation, with the exit context embedded in the access context.
 * @return additionally E_INVALIDARG for InstructionLength above 15.
 */
HRESULT WINAPI
WHvEmulatorTryMmioEmulationPreview(WHV_EMULATOR_HANDLE Emulator, VOID *Context,
                                   WHV_PREVIEW_MEMORY_ACCESS_CONTEXT *MmioInstructionContext,
                                   WHV_PREVIEW_EMULATOR_STATUS *const EmulatorReturnStatus);

#ifdef __cplusplus
}
#endif

#ifdef WHVEMU_PREVIEW_NAMES
#define WHV_VP_EXIT_CONTEXT            WHV_PREVIEW_VP_EXIT_CONTEXT
#define WHV_MEMORY_ACCESS_CONTEXT      WHV_PREVIEW_MEMORY_ACCESS_CONTEXT
#define WHV_X64_IO_PORT_ACCESS_CONTEXT WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT
#define WHV_EMULATOR_CALLBACKS         WHV_PREVIEW_EMULATOR_CALLBACKS
#define WHV_EMULATOR_STATUS            WHV_PREVIEW_EMULATOR_STATUS
#define WHvEmulatorCreateEmulator      WHvEmulatorCreateEmulatorPreview
#define WHvEmulatorDestroyEmulator     WHvEmulatorDestroyEmulatorPreview
#define WHvEmulatorTryIoEmulation      WHvEmulatorTryIoEmulationPreview
#define WHvEmulatorTryMmioEmulation    WHvEmulatorTryMmioEmulationPreview
#endif

#endif
