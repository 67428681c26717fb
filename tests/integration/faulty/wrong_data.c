/* SPDX-License-Identifier: MIT */
/* Fault: the bytes are swapped. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, __builtin_bswap32(call->rax));
    call_set_rip(call);
    return 1;
}
