/* SPDX-License-Identifier: MIT */
/**
 * @file redirect.h
 * Include this after the emulator's header in the file that calls the emulator, and link
 * whvcapture: the four functions are recorded, as the environment says (capture.h).
 */
#ifndef WHVCAPTURE_REDIRECT_H
#define WHVCAPTURE_REDIRECT_H

#include "capture.h"

#if defined(__ELF__)
/* Of whvemu/reason.h; NULL where another emulator is linked. */
extern const char *whvemu_reason(WHV_EMULATOR_HANDLE) __attribute__((weak));
#define WHVCAPTURE_REASON whvemu_reason
#else
#define WHVCAPTURE_REASON NULL
#endif

static inline HRESULT whvcapture_redirected_create(const WHV_EMULATOR_CALLBACKS *callbacks,
                                                   WHV_EMULATOR_HANDLE *handle)
{
    struct whvcapture_functions functions = {WHvEmulatorCreateEmulator, WHvEmulatorDestroyEmulator,
                                             WHvEmulatorTryIoEmulation, WHvEmulatorTryMmioEmulation,
                                             WHVCAPTURE_REASON};
    whvcapture_wrap(NULL, &functions);
    return functions.create(callbacks, handle);
}

#define WHvEmulatorCreateEmulator   whvcapture_redirected_create
#define WHvEmulatorDestroyEmulator  whvcapture_destroy
#define WHvEmulatorTryIoEmulation   whvcapture_try_io
#define WHvEmulatorTryMmioEmulation whvcapture_try_mmio

#endif
