/* SPDX-License-Identifier: MIT */
/* Fault: ADD leaves the overflow flag out. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    uint32_t memory;
    call_get(call);
    call_load(call, call->memory->Gpa, &memory);
    call->rax += memory;
    call_store(call, call->memory->Gpa, call->rax);
    call_set(call, WHvX64RegisterRflags, call->rax >> 31 ? 0x82 : 2);
    return 1;
}
