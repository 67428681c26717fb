/* SPDX-License-Identifier: MIT */
/* Fault: it never returns at one address. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    static volatile unsigned spins;
    while (call->memory->Gpa == 0xfee000b4)
        spins++;
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
