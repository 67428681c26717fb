/* SPDX-License-Identifier: MIT */
/* As QEMU does. */
#include <string.h>

#include "vmm.h"

static bool find(HMODULE library, const char *name, void *function)
{
    FARPROC found = GetProcAddress(library, name);
    memcpy(function, &found, sizeof(found));
    return found != NULL;
}

bool find_emulator(struct emulator_functions *functions)
{
    HMODULE library = LoadLibraryA("WinHvEmulation.dll");
    return library && find(library, "WHvEmulatorCreateEmulator", &functions->create) &&
           find(library, "WHvEmulatorDestroyEmulator", &functions->destroy) &&
           find(library, "WHvEmulatorTryIoEmulation", &functions->try_io) &&
           find(library, "WHvEmulatorTryMmioEmulation", &functions->try_mmio);
}
