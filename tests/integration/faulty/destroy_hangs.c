/* SPDX-License-Identifier: MIT */
/* Fault: WHvEmulatorDestroyEmulator never returns, and every case fails. */
#define HANGS_WHEN_DESTROYED
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, ~call->rax);
    call_set_rip(call);
    return 1;
}
