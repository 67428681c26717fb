/* SPDX-License-Identifier: MIT */
/* Fault: wHvEmulatorTryIoEmulation is not exported. */
#define WITHOUT_IO
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    (void)call;
    return 2;
}
