/* SPDX-License-Identifier: MIT */
/* Fault: a load of 32 bits keeps the upper half of RCX. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    uint32_t memory;
    call_load(call, call->memory->Gpa, &memory);
    call_set(call, WHvX64RegisterRcx, UINT64_C(0x1122334400000000) | memory);
    return 1;
}
