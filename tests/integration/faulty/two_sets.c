/* SPDX-License-Identifier: MIT */
/* Fault: set is called twice. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    call_set_rip(call);
    return 1;
}
