/* SPDX-License-Identifier: MIT */
/* Fault: what the first call on a handle has stored is stored by all later ones. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    if (!call->emulator->has_data)
        call->emulator->data = call->rax;
    call->emulator->has_data = true;
    call_store(call, call->memory->Gpa, call->emulator->data);
    call_set_rip(call);
    return 1;
}
