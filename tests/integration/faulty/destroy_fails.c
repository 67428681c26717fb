/* SPDX-License-Identifier: MIT */
/* Fault: WHvEmulatorDestroyEmulator does not return S_OK. */
#define DESTROY_RESULT E_UNEXPECTED
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
