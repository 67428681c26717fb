/* SPDX-License-Identifier: MIT */
/* Fault: from the second call on the data is wrong. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    static unsigned calls;
    call_get(call);
    call_store(call, call->memory->Gpa, calls++ == 0 ? call->rax : 0);
    call_set_rip(call);
    return 1;
}
