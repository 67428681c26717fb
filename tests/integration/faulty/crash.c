/* SPDX-License-Identifier: MIT */
/* Fault: it crashes at one address. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    if (call->memory->Gpa == 0xfee000b4)
        abort();
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
