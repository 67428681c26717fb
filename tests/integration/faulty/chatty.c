/* SPDX-License-Identifier: MIT */
/* Fault: it prints to standard output. */
#include <stdio.h>

#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    printf("storing\n");
    fflush(stdout);
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
