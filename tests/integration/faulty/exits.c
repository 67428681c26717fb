/* SPDX-License-Identifier: MIT */
/* Fault: it ends the process at one address. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    if (call->memory->Gpa == 0xfee000b4)
        _Exit(3);
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
