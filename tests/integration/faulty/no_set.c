/* SPDX-License-Identifier: MIT */
/* Fault: it says that it succeeded, but no Set was made. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    return 1;
}
