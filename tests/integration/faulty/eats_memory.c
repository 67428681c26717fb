/* SPDX-License-Identifier: MIT */
/* Fault: at one address it allocates until there is nothing left, and goes on. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    while (call->memory->Gpa == 0xfee000b4) {
        char *block = malloc(64u << 20);
        if (!block)
            abort();
        *(volatile char *)block = 1;
    }
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
