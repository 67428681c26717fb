/* SPDX-License-Identifier: MIT */
/**
 * @file callbacks.h
 * What the guests of oracles have in common.
 */
#ifndef WHVTRACE_ORACLE_CALLBACKS_H
#define WHVTRACE_ORACLE_CALLBACKS_H

#include <whvemu/emulator.h>

/** A TranslateGvaPage callback without paging. */
static inline HRESULT CALLBACK callbacks_translate_to_itself(VOID *context,
                                                             WHV_GUEST_VIRTUAL_ADDRESS gva,
                                                             WHV_TRANSLATE_GVA_FLAGS flags,
                                                             WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                                             WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    (void)context;
    (void)flags;
    *result = WHvTranslateGvaResultSuccess;
    *gpa = gva;
    return S_OK;
}

/** @param callbacks all five; their size is filled in. @return an emulator, or NULL; release with
 * WHvEmulatorDestroyEmulator. */
static inline WHV_EMULATOR_HANDLE callbacks_create(WHV_EMULATOR_CALLBACKS callbacks)
{
    WHV_EMULATOR_HANDLE emulator = NULL;
    callbacks.Size = sizeof(callbacks);
    return WHvEmulatorCreateEmulator(&callbacks, &emulator) == S_OK ? emulator : NULL;
}

#endif
