/* SPDX-License-Identifier: MIT */
/* Fault: a failed memory callback is reported as a failed port callback. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    if (call_store(call, call->memory->Gpa, call->rax) != S_OK)
        return 1u << 2;
    call_set_rip(call);
    return 1;
}
