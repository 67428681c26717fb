/* SPDX-License-Identifier: MIT */
/* Fault: it writes through a wild pointer at one address. */
#include <signal.h>

#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    if (call->memory->Gpa == 0xfee000b4)
        raise(SIGSEGV);
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
