/* SPDX-License-Identifier: MIT */
/* Fault: RIP is not advanced. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip_to(call, call->vp->Rip);
    return 1;
}
