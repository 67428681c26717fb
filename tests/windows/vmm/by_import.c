/* SPDX-License-Identifier: MIT */
/* As crosvm and programs linked with Microsoft's import library do. */
#include "vmm.h"

bool find_emulator(struct emulator_functions *functions)
{
    *functions =
        (struct emulator_functions){WHvEmulatorCreateEmulator, WHvEmulatorDestroyEmulator,
                                    WHvEmulatorTryIoEmulation, WHvEmulatorTryMmioEmulation};
    return true;
}
