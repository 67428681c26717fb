/* SPDX-License-Identifier: MIT */
/* Fault: the store is made twice. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
