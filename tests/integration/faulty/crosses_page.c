/* SPDX-License-Identifier: MIT */
/* Fault: a store across a page is not split. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
