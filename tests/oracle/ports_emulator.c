/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "callbacks.h"
#include "ports.h"

struct guest {
    const struct ports_case *the;
    uint8_t *memory;
    struct ports_state *state;
};

uint32_t ports_answer(unsigned n, unsigned port, unsigned size)
{
    uint32_t value = (n + 1) * 0x9e3779b1u ^ port * 0x85ebca6bu;
    return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

void ports_note(struct ports_state *state, bool is_out, unsigned port, unsigned size,
                uint32_t value)
{
    if (state->count < PORTS_LOG)
        state->access[state->count] =
            (struct ports_access){is_out, (uint8_t)size, (uint16_t)port, value};
    state->count++;
}

static WHV_X64_SEGMENT_REGISTER segment_value(const struct ports_case *the, enum oracle_sreg sreg)
{
    bool is_code = sreg == ORACLE_CS;
    WHV_X64_SEGMENT_REGISTER segment = {.Limit = UINT32_MAX, .Selector = is_code ? 8 : 16};
    segment.Attributes = is_code ? 0xc09b : 0xc093;
    if (the->mode == ORACLE_64) {
        segment.Base = the->base[sreg];
        segment.Long = is_code;
        segment.Default = !is_code;
    } else if (the->mode == ORACLE_16) {
        segment.Base = (uint64_t)the->selector[sreg] << 4;
        segment.Selector = the->selector[sreg];
        segment.Limit = 0xffff;
        segment.Attributes = 0x93;
    }
    return segment;
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    const struct guest *guest = context;
    memset(values, 0, count * sizeof(*values));
    for (UINT32 i = 0; i < count; i++) {
        if (names[i] >= WHvX64RegisterRax && names[i] <= WHvX64RegisterRdi)
            values[i].Reg64 = guest->the->gpr[names[i]];
        else if (names[i] >= WHvX64RegisterEs && names[i] <= WHvX64RegisterGs)
            values[i].Segment =
                segment_value(guest->the, (enum oracle_sreg)(names[i] - WHvX64RegisterEs));
    }
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct ports_state *state = ((struct guest *)context)->state;
    for (UINT32 i = 0; i < count; i++) {
        if (names[i] >= WHvX64RegisterRax && names[i] <= WHvX64RegisterRdi)
            state->gpr[names[i]] = values[i].Reg64;
        else if (names[i] == WHvX64RegisterRip)
            state->rip = values[i].Reg64;
        else
            state->failed = true; /* nothing else changes */
    }
    return S_OK;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct guest *guest = context;
    if (access->GpaAddress > PORTS_MEMORY - access->AccessSize)
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
    struct ports_state *state = ((struct guest *)context)->state;
    if (access->Direction == 0)
        access->Data = ports_answer(state->count, access->Port, access->AccessSize);
    ports_note(state, access->Direction != 0, access->Port, access->AccessSize, access->Data);
    return S_OK;
}

WHV_EMULATOR_HANDLE ports_emulator_create(void)
{
    return callbacks_create(
        (WHV_EMULATOR_CALLBACKS){.WHvEmulatorIoPortCallback = on_io,
                                 .WHvEmulatorMemoryCallback = on_memory,
                                 .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                 .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                 .WHvEmulatorTranslateGvaPage = callbacks_translate_to_itself});
}

static WHV_VP_EXIT_CONTEXT vp_context(const struct ports_case *the)
{
    WHV_VP_EXIT_CONTEXT vp = {
        .Cs = segment_value(the, ORACLE_CS), .Rip = PORTS_CODE, .Rflags = the->rflags};
    vp.InstructionLength = the->code_size & 15u;
    vp.ExecutionState.Cr0Pe = the->mode != ORACLE_16;
    vp.ExecutionState.EferLma = the->mode == ORACLE_64;
    return vp;
}

static HRESULT try_io(WHV_EMULATOR_HANDLE emulator, struct guest *guest,
                      const WHV_VP_EXIT_CONTEXT *vp, WHV_EMULATOR_STATUS *status)
{
    const struct ports_case *the = guest->the;
    WHV_X64_IO_PORT_ACCESS_CONTEXT context = {.InstructionByteCount = the->code_size,
                                              .PortNumber = (UINT16)the->port,
                                              .Rax = the->gpr[ORACLE_RAX],
                                              .Rcx = the->gpr[ORACLE_RCX],
                                              .Rsi = the->gpr[ORACLE_RSI],
                                              .Rdi = the->gpr[ORACLE_RDI],
                                              .Ds = segment_value(the, ORACLE_DS),
                                              .Es = segment_value(the, ORACLE_ES)};
    memcpy(context.InstructionBytes, the->code, the->code_size);
    context.AccessInfo.IsWrite = the->is_out;
    context.AccessInfo.AccessSize = the->size & 7u;
    context.AccessInfo.StringOp = the->is_string;
    context.AccessInfo.RepPrefix = the->has_rep;
    return WHvEmulatorTryIoEmulation(emulator, guest, vp, &context, status);
}

static HRESULT try_execute(WHV_EMULATOR_HANDLE emulator, struct guest *guest,
                           const WHV_VP_EXIT_CONTEXT *vp, WHV_EMULATOR_STATUS *status)
{
    WHV_MEMORY_ACCESS_CONTEXT context = {.InstructionByteCount = guest->the->code_size};
    memcpy(context.InstructionBytes, guest->the->code, guest->the->code_size);
    context.AccessInfo.AccessType = WHvMemoryAccessExecute;
    context.AccessInfo.GvaValid = 1;
    context.Gva = context.Gpa = PORTS_CODE;
    return WHvEmulatorTryMmioEmulation(emulator, guest, vp, &context, status);
}

void ports_emulator_run(WHV_EMULATOR_HANDLE emulator, const struct ports_case *the, uint8_t *memory,
                        struct ports_state *state)
{
    struct guest guest = {the, memory, state};
    const WHV_VP_EXIT_CONTEXT vp = vp_context(the);
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    memset(state, 0, sizeof(*state));
    memcpy(state->gpr, the->gpr, sizeof(state->gpr));
    state->rflags = the->rflags;
    memcpy(memory + PORTS_CODE, the->code, the->code_size);
    HRESULT hr = the->is_port_exit ? try_io(emulator, &guest, &vp, &status)
                                   : try_execute(emulator, &guest, &vp, &status);
    if (hr != S_OK || status.AsUINT32 != 1)
        state->failed = true;
}
