/* SPDX-License-Identifier: MIT */
/* Fault: creating a second handle crashes, and every case fails. */
#define CRASHES_AT_SECOND
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, ~call->rax);
    call_set_rip(call);
    return 1;
}
