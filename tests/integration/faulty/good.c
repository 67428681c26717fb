/* SPDX-License-Identifier: MIT */
/* Without a fault. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    if (call_get(call) != S_OK)
        return 1u << 6;
    if (call_store(call, call->memory->Gpa, call->rax) != S_OK)
        return 1u << 3;
    return call_set_rip(call) == S_OK ? 1 : 1u << 7;
}
