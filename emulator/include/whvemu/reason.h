/* SPDX-License-Identifier: MIT */
/**
 * @file reason.h
 * Why an exit could not be emulated: an extension of this implementation, which Microsoft's
 * WinHvEmulation.dll does not export. Look it up by name where that one may be loaded instead.
 */
#ifndef WHVEMU_REASON_H
#define WHVEMU_REASON_H

#include "whv_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Says why the last call on a handle that ended in InternalEmulationFailure did so. A call that
 * ends in another way leaves it as it is: ask only after one that ended so.
 * @param Emulator from WHvEmulatorCreateEmulator or its preview twin; the same thread as the calls.
 * @return an English sentence without a full stop, such as "POPCNT is not supported"; "" if no call
 * has ended so; NULL for a handle that is none or at work. It lives until the next call with the
 * handle.
 */
const char *whvemu_reason(WHV_EMULATOR_HANDLE Emulator);

#ifdef __cplusplus
}
#endif

#endif
