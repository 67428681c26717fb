/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD=libwhvcapture-preload.so records a VMM that was linked with the emulator, without
 * building it again. A VMM that opens the emulator with dlopen is not reached: dlsym asks that
 * library alone.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include <whvcapture/capture.h>

#define EXPORT __attribute__((visibility("default")))

/* ISO C has no conversion from an object pointer to a function pointer. */
static void next(const char *name, void *function)
{
    void *address = dlsym(RTLD_NEXT, name);
    memcpy(function, &address, sizeof(address));
}

static bool find_emulator(void)
{
    struct whvcapture_functions functions;
    next("WHvEmulatorCreateEmulator", &functions.create);
    next("WHvEmulatorDestroyEmulator", &functions.destroy);
    next("WHvEmulatorTryIoEmulation", &functions.try_io);
    next("WHvEmulatorTryMmioEmulation", &functions.try_mmio);
    next("whvemu_reason", &functions.reason);
    if (!functions.create || !functions.destroy || !functions.try_io || !functions.try_mmio)
        return false;
    whvcapture_wrap(NULL, &functions);
    return true;
}

EXPORT HRESULT WINAPI WHvEmulatorCreateEmulator(const WHV_EMULATOR_CALLBACKS *Callbacks,
                                                WHV_EMULATOR_HANDLE *Emulator)
{
    return find_emulator() ? whvcapture_create(Callbacks, Emulator) : E_FAIL;
}

EXPORT HRESULT WINAPI WHvEmulatorDestroyEmulator(WHV_EMULATOR_HANDLE Emulator)
{
    return find_emulator() ? whvcapture_destroy(Emulator) : E_FAIL;
}

EXPORT HRESULT WINAPI WHvEmulatorTryIoEmulation(
    WHV_EMULATOR_HANDLE Emulator, VOID *Context, const WHV_VP_EXIT_CONTEXT *VpContext,
    const WHV_X64_IO_PORT_ACCESS_CONTEXT *IoInstructionContext,
    WHV_EMULATOR_STATUS *EmulatorReturnStatus)
{
    return whvcapture_try_io(Emulator, Context, VpContext, IoInstructionContext,
                             EmulatorReturnStatus);
}

EXPORT HRESULT WINAPI WHvEmulatorTryMmioEmulation(
    WHV_EMULATOR_HANDLE Emulator, VOID *Context, const WHV_VP_EXIT_CONTEXT *VpContext,
    const WHV_MEMORY_ACCESS_CONTEXT *MmioInstructionContext,
    WHV_EMULATOR_STATUS *EmulatorReturnStatus)
{
    return whvcapture_try_mmio(Emulator, Context, VpContext, MmioInstructionContext,
                               EmulatorReturnStatus);
}
