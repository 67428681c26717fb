/* SPDX-License-Identifier: MIT */
/* Fault: reserved bits of the status word are not cleared. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 0xdead0001u;
}
