/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "callbacks.h"
#include "system.h"

struct guest {
    const struct system_case *the;
    uint8_t *memory;
    struct system_state *after;
};

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    const struct guest *guest = context;
    memset(values, 0, count * sizeof(*values));
    for (UINT32 i = 0; i < count; i++) {
        if (names[i] >= 0 && names[i] < SYSTEM_REGS)
            values[i] = guest->the->before.reg[names[i]];
    }
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct system_state *after = ((struct guest *)context)->after;
    for (UINT32 i = 0; i < count; i++) {
        if (names[i] >= 0 && names[i] < SYSTEM_REGS)
            after->reg[names[i]] = values[i];
        else if (names[i] == WHvRegisterPendingEvent)
            after->vector = values[i].ExceptionEvent.Vector;
        else if (names[i] == WHvRegisterPendingInterruption)
            after->vector = values[i].PendingInterruption.InterruptionVector;
        else if (names[i] != WHvRegisterInterruptState) /* of MOV SS and its kin */
            after->failed = true;
    }
    return S_OK;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct guest *guest = context;
    if (access->GpaAddress > SYSTEM_MEMORY - access->AccessSize)
        return E_FAIL;
    uint8_t *bytes = guest->memory + access->GpaAddress;
    if (access->Direction == 0)
        memcpy(access->Data, bytes, access->AccessSize);
    else
        memcpy(bytes, access->Data, access->AccessSize);
    return S_OK;
}

static HRESULT CALLBACK on_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    (void)context;
    (void)access;
    return E_FAIL;
}

WHV_EMULATOR_HANDLE system_emulator_create(void)
{
    return callbacks_create(
        (WHV_EMULATOR_CALLBACKS){.WHvEmulatorIoPortCallback = on_io,
                                 .WHvEmulatorMemoryCallback = on_memory,
                                 .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                 .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                 .WHvEmulatorTranslateGvaPage = callbacks_translate_to_itself});
}

void system_emulator_run(WHV_EMULATOR_HANDLE emulator, const struct system_case *the,
                         uint8_t *memory, struct system_state *after)
{
    struct guest guest = {the, memory, after};
    const WHV_REGISTER_VALUE *reg = the->before.reg;
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    WHV_VP_EXIT_CONTEXT vp = {.InstructionLength = the->code_size & 15u,
                              .Cs = reg[WHvX64RegisterCs].Segment,
                              .Rip = reg[WHvX64RegisterRip].Reg64,
                              .Rflags = reg[WHvX64RegisterRflags].Reg64};
    WHV_MEMORY_ACCESS_CONTEXT context = {.InstructionByteCount = the->code_size};
    *after = the->before;
    vp.ExecutionState.Cr0Pe = the->mode != SYSTEM_REAL;
    vp.ExecutionState.Cpl =
        the->mode == SYSTEM_REAL ? 0 : reg[WHvX64RegisterSs].Segment.DescriptorPrivilegeLevel & 3u;
    vp.ExecutionState.EferLma = the->mode == SYSTEM_LONG;
    memcpy(context.InstructionBytes, the->code, the->code_size);
    context.AccessInfo.AccessType = WHvMemoryAccessExecute;
    context.AccessInfo.GvaValid = 1;
    context.Gva = context.Gpa = SYSTEM_CODE;
    const HRESULT hr = WHvEmulatorTryMmioEmulation(emulator, &guest, &vp, &context, &status);
    if (hr != S_OK || status.AsUINT32 != 1)
        after->failed = true;
}
