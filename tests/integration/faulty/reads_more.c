/* SPDX-License-Identifier: MIT */
/* Fault: a register is asked for that the instruction does not need. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get_count(call, 2);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
