/* SPDX-License-Identifier: MIT */
/* Fault: a load goes to RDX instead of RCX. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    uint32_t memory;
    call_load(call, call->memory->Gpa, &memory);
    call_set(call, WHvX64RegisterRdx, memory);
    return 1;
}
