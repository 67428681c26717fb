/* SPDX-License-Identifier: MIT */
/* Fault: a read-modify-write writes before it reads. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    uint32_t memory;
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_load(call, call->memory->Gpa, &memory);
    call_set(call, WHvX64RegisterRflags, 2);
    return 1;
}
