/* SPDX-License-Identifier: MIT */
/* Fault: it crashes while it is loaded. */
#include "emulator.h"

__attribute__((constructor)) static void load(void)
{
    abort();
}

static uint32_t emulate(struct call *call)
{
    (void)call;
    return 2;
}
