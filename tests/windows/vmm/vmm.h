/* SPDX-License-Identifier: MIT */
/**
 * @file vmm.h
 * How the small VMM reaches the emulator: one source file per way.
 */
#ifndef WHVTRACE_TESTS_WINDOWS_VMM_H
#define WHVTRACE_TESTS_WINDOWS_VMM_H

#include <stdbool.h>

#include <whvemu/emulator.h>

struct emulator_functions {
    HRESULT(WINAPI *create)(const WHV_EMULATOR_CALLBACKS *, WHV_EMULATOR_HANDLE *);
    HRESULT(WINAPI *destroy)(WHV_EMULATOR_HANDLE);
    HRESULT(WINAPI *try_io)
    (WHV_EMULATOR_HANDLE, VOID *, const WHV_VP_EXIT_CONTEXT *,
     const WHV_X64_IO_PORT_ACCESS_CONTEXT *, WHV_EMULATOR_STATUS *);
    HRESULT(WINAPI *try_mmio)
    (WHV_EMULATOR_HANDLE, VOID *, const WHV_VP_EXIT_CONTEXT *, const WHV_MEMORY_ACCESS_CONTEXT *,
     WHV_EMULATOR_STATUS *);
};

/** @return false if the library or one of its functions is not there. */
bool find_emulator(struct emulator_functions *functions);

#endif
