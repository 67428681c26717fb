/* SPDX-License-Identifier: MIT */
/* Fault: its array of names is not aligned, neither for Get nor for Set. */
#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    _Alignas(16) WHV_REGISTER_NAME names[5] = {0};
    _Alignas(16) WHV_REGISTER_VALUE value = {.Reg64 = 0};
    names[1] = WHvX64RegisterRax;
    call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, names + 1, 1, &value);
    call_store(call, call->memory->Gpa, (uint32_t)value.Reg64);
    names[1] = WHvX64RegisterRip;
    value.Reg64 = call->vp->Rip + 2;
    call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, names + 1, 1, &value);
    return 1;
}
