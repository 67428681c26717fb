/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_SEGMENT64 0xa09b /* granular, long, present, executable, readable, accessed */
#define CODE_SEGMENT32 0xc09b
#define DATA_SEGMENT   0xc093

#define SUCCESS 1u /* EmulationSuccessful alone */

static void fail(const struct bench_scenario *scenario, const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", scenario->name, what);
    exit(1);
}

static WHV_X64_SEGMENT_REGISTER segment(unsigned attributes)
{
    return (WHV_X64_SEGMENT_REGISTER){.Limit = 0xffffffff, .Attributes = (UINT16)attributes};
}

static void prepare_vp(struct bench_call *call)
{
    const struct bench_scenario *scenario = call->scenario;
    bool is_code32 = (scenario->traits & BENCH_CODE32) != 0;
    call->vp.ExecutionState.Cr0Pe = 1;
    call->vp.ExecutionState.EferLma = !is_code32;
    call->vp.InstructionLength = scenario->length & 15;
    call->vp.Cs = segment(is_code32 ? CODE_SEGMENT32 : CODE_SEGMENT64);
    call->vp.Rip = BENCH_CODE;
    call->vp.Rflags = BENCH_RFLAGS_RESERVED;
}

static WHV_MEMORY_ACCESS_TYPE access_type(enum bench_exit exit)
{
    if (exit == BENCH_EXECUTE)
        return WHvMemoryAccessExecute;
    return exit == BENCH_WRITE ? WHvMemoryAccessWrite : WHvMemoryAccessRead;
}

static uint64_t accessed(const struct bench_scenario *scenario)
{
    if (scenario->exit == BENCH_EXECUTE)
        return BENCH_CODE;
    return scenario->traits & (BENCH_START | BENCH_REP) ? BENCH_DEVICE : BENCH_OPERAND;
}

static void prepare_memory(struct bench_call *call)
{
    const struct bench_scenario *scenario = call->scenario;
    for (unsigned odd = 0; odd < 2; odd++) {
        WHV_MEMORY_ACCESS_CONTEXT *memory = &call->memory[odd];
        memory->AccessInfo.AccessType = access_type(scenario->exit);
        memory->AccessInfo.GvaValid = !(scenario->traits & BENCH_NO_GVA);
        memory->Gva = accessed(scenario);
        memory->Gpa = memory->Gva;
        if (scenario->traits & BENCH_NO_BYTES)
            continue;
        memory->InstructionByteCount = sizeof(memory->InstructionBytes);
        bench_code(scenario, odd, memory->InstructionBytes);
    }
}

static void prepare_port(struct bench_call *call)
{
    const struct bench_scenario *scenario = call->scenario;
    WHV_X64_IO_PORT_ACCESS_CONTEXT *port = &call->port;
    port->InstructionByteCount = sizeof(port->InstructionBytes);
    bench_code(scenario, 0, port->InstructionBytes);
    port->AccessInfo.IsWrite = scenario->exit == BENCH_PORT_WRITE;
    port->AccessInfo.AccessSize = scenario->size & 7;
    port->AccessInfo.StringOp = (scenario->traits & BENCH_REP) != 0;
    port->AccessInfo.RepPrefix = (scenario->traits & BENCH_REP) != 0;
    port->PortNumber = BENCH_PORT;
    port->Rax = BENCH_VALUE;
    port->Rcx = BENCH_ELEMENTS;
    port->Rsi = BENCH_DEVICE + BENCH_PAGE;
    port->Rdi = BENCH_DEVICE;
    port->Ds = segment(DATA_SEGMENT);
    port->Es = segment(DATA_SEGMENT);
}

static void prepare_preview(struct bench_call *call)
{
    WHV_PREVIEW_MEMORY_ACCESS_CONTEXT *preview = &call->preview;
    preview->VpContext.ExecutionState = call->vp.ExecutionState;
    preview->VpContext.InstructionLength = call->vp.InstructionLength;
    preview->VpContext.Cs = call->vp.Cs;
    preview->VpContext.Rip = call->vp.Rip;
    preview->VpContext.Rflags = call->vp.Rflags;
    preview->InstructionByteCount = call->memory[0].InstructionByteCount;
    memcpy(preview->InstructionBytes, call->memory[0].InstructionBytes,
           sizeof(preview->InstructionBytes));
    preview->AccessInfo = call->memory[0].AccessInfo;
    preview->Gpa = call->memory[0].Gpa;
    preview->Gva = call->memory[0].Gva;
}

void bench_call_begin(struct bench_call *call, const struct bench_scenario *scenario,
                      const WHV_EMULATOR_CALLBACKS *callbacks, void *context)
{
    *call = (struct bench_call){.scenario = scenario, .context = context};
    if (WHvEmulatorCreateEmulator(callbacks, &call->handle) != S_OK)
        fail(scenario, "cannot create an emulator");
    prepare_vp(call);
    prepare_memory(call);
    prepare_port(call);
    prepare_preview(call);
}

static void require(const struct bench_call *call, HRESULT result, UINT32 status)
{
    if (result != S_OK || status != SUCCESS)
        fail(call->scenario, "the emulation failed");
}

static void repeat_memory(struct bench_call *call, unsigned long count)
{
    const WHV_MEMORY_ACCESS_CONTEXT *access = call->memory;
    WHV_EMULATOR_STATUS status;
    for (unsigned long i = 0; i < count; i++) {
        HRESULT result =
            WHvEmulatorTryMmioEmulation(call->handle, call->context, &call->vp, access, &status);
        require(call, result, status.AsUINT32);
    }
}

static void repeat_alternating(struct bench_call *call, unsigned long count)
{
    WHV_EMULATOR_STATUS status;
    for (unsigned long i = 0; i < count; i++) {
        HRESULT result = WHvEmulatorTryMmioEmulation(call->handle, call->context, &call->vp,
                                                     &call->memory[i % 2], &status);
        require(call, result, status.AsUINT32);
    }
}

static void repeat_port(struct bench_call *call, unsigned long count)
{
    WHV_EMULATOR_STATUS status;
    for (unsigned long i = 0; i < count; i++) {
        HRESULT result =
            WHvEmulatorTryIoEmulation(call->handle, call->context, &call->vp, &call->port, &status);
        require(call, result, status.AsUINT32);
    }
}

static void repeat_preview(struct bench_call *call, unsigned long count)
{
    WHV_PREVIEW_EMULATOR_STATUS status;
    for (unsigned long i = 0; i < count; i++) {
        HRESULT result = WHvEmulatorTryMmioEmulationPreview(call->handle, call->context,
                                                            &call->preview, &status);
        require(call, result, status.AsUINT32);
    }
}

void bench_call_repeat(void *state, unsigned long count)
{
    struct bench_call *call = state;
    if (call->scenario->exit == BENCH_PORT_READ || call->scenario->exit == BENCH_PORT_WRITE)
        repeat_port(call, count);
    else if (call->scenario->traits & BENCH_PREVIEW)
        repeat_preview(call, count);
    else if (call->scenario->traits & BENCH_COLD)
        repeat_alternating(call, count);
    else
        repeat_memory(call, count);
}

void bench_call_end(struct bench_call *call)
{
    WHvEmulatorDestroyEmulator(call->handle);
}
