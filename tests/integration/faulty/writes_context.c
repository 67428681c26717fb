/* SPDX-License-Identifier: MIT */
/* Fault: the exit context, which is the caller's, is written to. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    ((WHV_VP_EXIT_CONTEXT *)call->vp)->Rip += 2;
    return 1;
}
