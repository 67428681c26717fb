/* SPDX-License-Identifier: MIT */
/* Fault: WHvEmulatorDestroyEmulator crashes, and every case fails. */
#define CRASHES_WHEN_DESTROYED
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, ~call->rax);
    call_set_rip(call);
    return 1;
}
