/* SPDX-License-Identifier: MIT */
/* Fault: stores the upper half of RAX's slot to the address, which means nothing. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    _Alignas(16) WHV_REGISTER_NAME name = WHvX64RegisterRax;
    _Alignas(16) WHV_REGISTER_VALUE value = {.Reg64 = 0};
    call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, &name, 1, &value);
    call_store(call, call->memory->Gpa, (uint32_t)value.Reg128.High64);
    call_set_rip(call);
    return 1;
}
