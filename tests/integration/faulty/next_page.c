/* SPDX-License-Identifier: MIT */
/* Fault: the part of a store that lies on the next page goes to the next physical page. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store_part(call, call->memory->Gpa, 0, 2);
    call_store_part(call, call->memory->Gpa + 2, 2, 2);
    call_set_rip(call);
    return 1;
}
