/* SPDX-License-Identifier: MIT */
/* Fault: create fails. */
#define REFUSES
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    (void)call;
    return 2;
}
