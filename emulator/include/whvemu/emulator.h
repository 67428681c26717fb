/* SPDX-License-Identifier: MIT */
/**
 * @file emulator.h
 * The instruction emulator of the Windows Hypervisor Platform, as WinHvEmulation.dll exports it.
 *
 * One call decodes the one instruction that caused an exit, performs it through five callbacks and
 * writes the registers back. Between calls the emulator keeps nothing of the guest but decoded
 * instructions, and those are compared byte for byte before they are used again.
 *
 * Threading: a handle serves one thread at a time; the usual pattern is one handle per virtual
 * processor. Distinct handles are independent. No call allocates except WHvEmulatorCreateEmulator.
 *
 * Re-entry: while a call runs, a callback must not use its handle. A Try or Destroy of it answers
 * E_INVALIDARG and changes nothing; the outer call goes on. A callback that never returns (longjmp,
 * an exception) leaves the handle in that state: it cannot be used or destroyed any more.
 *
 * Callbacks return S_OK; anything else, S_FALSE included, ends the call with the callback's status
 * bit, without a further callback and without a register being written.
 *
 * - IoPort: a port access of 1, 2 or 4 bytes; Data is filled in for Direction 0.
 * - Memory: every memory access, RAM and instruction fetches included: 1 to 8 bytes in one page,
 *   fetches of 8, 4, 2 or 1.
 * - GetRegisters: fills RegisterCount values; both arrays are 16-byte aligned and name no register
 *   twice.
 * - SetRegisters: the last callback of a successful call, exactly once; always includes RIP unless
 *   a guest fault is injected through PendingEvent.
 * - TranslateGvaPage: is asked for the start of a page and answers a 4 KiB aligned GPA and a result
 *   code, as WHvTranslateGva gives them: forward both. PageNotPresent, PrivilegeViolation and
 *   InvalidPageTableFlags are #PF for the guest, GpaIllegalOverlayAccess is #GP. GpaUnmapped,
 *   GpaNoReadAccess and GpaNoWriteAccess are no faults: the platform answers so for every page that
 *   is not mapped, which is what a device is, also without paging. The page is then the exit's own
 *   where Gva lies in it, else the GPA that was answered; with none, InternalEmulationFailure.
 *
 * What the guest can change between its exit and the call is not trusted: an instruction that
 * cannot have made the access of its exit (a load after a write exit, another port instruction) is
 * #GP(0) for the guest, whether or not it is one that can be emulated. InternalEmulationFailure is
 * left for an instruction that is not supported, for bytes that are none after a read or write
 * exit, and for a Gva and a Gpa that differ in their low 12 bits (the page walk was stopped);
 * reason.h tells which.
 */
#ifndef WHVEMU_EMULATOR_H
#define WHVEMU_EMULATOR_H

#include "whv_abi.h"

#ifndef _WIN32

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Creates an emulator.
 * @param Callbacks five functions and Size = sizeof(WHV_EMULATOR_CALLBACKS); copied, so it may be a
 * local.
 * @param Emulator  receives the handle; release it with WHvEmulatorDestroyEmulator.
 * @return S_OK; E_INVALIDARG for a NULL argument, another Size or a missing callback;
 * E_OUTOFMEMORY.
 */
HRESULT WINAPI WHvEmulatorCreateEmulator(const WHV_EMULATOR_CALLBACKS *Callbacks,
                                         WHV_EMULATOR_HANDLE *Emulator);

/**
 * Releases an emulator.
 * @return S_OK; E_INVALIDARG if Emulator is NULL, not a live handle of this library, or at work.
 */
HRESULT WINAPI WHvEmulatorDestroyEmulator(WHV_EMULATOR_HANDLE Emulator);

/**
 * Emulates the instruction of a port-access exit.
 *
 * IN and OUT are performed from the context alone and advance by InstructionLength (1 to 15).
 * String forms are decoded from InstructionBytes, which are fetched through the callbacks where
 * they are missing.
 *
 * @param Emulator             from WHvEmulatorCreateEmulator.
 * @param Context              handed to every callback; may be NULL.
 * @param VpContext            state at the exit.
 * @param IoInstructionContext the exit's I/O context; at most 16 instruction bytes.
 * @param EmulatorReturnStatus receives all 32 status bits if the result is S_OK.
 * @return S_OK, and the status tells what happened; E_INVALIDARG for a NULL argument other than
 * Context, a handle that is none or at work, more than 16 instruction bytes, or InstructionLength 0
 * without StringOp.
 */
HRESULT WINAPI WHvEmulatorTryIoEmulation(WHV_EMULATOR_HANDLE Emulator, VOID *Context,
                                         const WHV_VP_EXIT_CONTEXT *VpContext,
                                         const WHV_X64_IO_PORT_ACCESS_CONTEXT *IoInstructionContext,
                                         WHV_EMULATOR_STATUS *EmulatorReturnStatus);

/**
 * Emulates the instruction of a memory-access exit (read, write or execute).
 *
 * @param Emulator               from WHvEmulatorCreateEmulator.
 * @param Context                handed to every callback; may be NULL.
 * @param VpContext              state at the exit.
 * @param MmioInstructionContext the exit's memory context; at most 16 instruction bytes, AccessType
 * 0 to 2.
 * @param EmulatorReturnStatus   receives all 32 status bits if the result is S_OK.
 * @return S_OK, and the status tells what happened; E_INVALIDARG for a NULL argument other than
 * Context, a handle that is none or at work, more than 16 instruction bytes or AccessType 3.
 */
HRESULT WINAPI WHvEmulatorTryMmioEmulation(WHV_EMULATOR_HANDLE Emulator, VOID *Context,
                                           const WHV_VP_EXIT_CONTEXT *VpContext,
                                           const WHV_MEMORY_ACCESS_CONTEXT *MmioInstructionContext,
                                           WHV_EMULATOR_STATUS *EmulatorReturnStatus);

#ifdef __cplusplus
}
#endif

#endif /* _WIN32 */

#endif
