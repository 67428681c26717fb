/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <stdio.h>
#include <string.h>

#include "callbacks.h"

#define TABLES     UINT64_C(0x40000000) /* every eight bytes from here on are this descriptor */
#define DESCRIPTOR UINT64_C(0x00cff3000000ffff)
#define CPL        3u
#define CR0        0x80000031u
#define CR4        0x40600u
#define MXCSR      0x1f80u
#define XCR0       7u
#define RCX        1u

static uint64_t gpr_value(unsigned reg)
{
    /* rBX + 11h is aligned to 16 bytes, as a divisor it fits rDX:rAX. */
    static const uint16_t values[16] = {0x1100, PROBE_RCX, 0x0030, 0x205f, 0x4000, 0x2400,
                                        0x3000, 0x5000,    0x2800, 0x2900, 0x2a00, 0x205f,
                                        0x2c00, 0x2d00,    0x2e00, 0x2f00};
    return values[reg];
}

static WHV_X64_SEGMENT_REGISTER segment_value(bool is_code, const struct whe_mode *mode)
{
    WHV_X64_SEGMENT_REGISTER segment = {.Limit = UINT32_MAX, .Selector = 8 | CPL};
    segment.SegmentType = is_code ? 0xb : 3;
    segment.NonSystemSegment = 1;
    segment.DescriptorPrivilegeLevel = CPL;
    segment.Present = 1;
    segment.Granularity = 1;
    segment.Default = mode->code == WHE_CODE32;
    segment.Long = is_code && mode->code == WHE_CODE64;
    return segment;
}

struct guest {
    struct probe *probe;
    const struct whe_mode *mode;
};

static unsigned index_of(WHV_REGISTER_NAME name)
{
    if (name >= WHvX64RegisterRax && name <= WHvX64RegisterR15)
        return (unsigned)name;
    if (name >= WHvX64RegisterEs && name <= WHvX64RegisterGs)
        return PROBE_SEGMENTS + (unsigned)(name - WHvX64RegisterEs);
    if (name >= WHvX64RegisterXmm0 && name <= WHvX64RegisterXmm15)
        return PROBE_XMM + (unsigned)(name - WHvX64RegisterXmm0);
    switch (name) {
    case WHvX64RegisterRip:
        return PROBE_RIP;
    case WHvX64RegisterRflags:
        return PROBE_RFLAGS;
    case WHvX64RegisterGdtr:
        return PROBE_GDTR;
    case WHvX64RegisterLdtr:
        return PROBE_LDTR;
    case WHvX64RegisterCr0:
        return PROBE_CR0;
    case WHvX64RegisterCr4:
        return PROBE_CR4;
    case WHvX64RegisterXCr0:
        return PROBE_XCR0;
    case WHvRegisterInterruptState:
        return PROBE_SHADOW;
    case WHvRegisterPendingEvent:
    case WHvRegisterPendingInterruption:
        return PROBE_EVENT;
    default:
        return PROBE_OTHER;
    }
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct guest *guest = context;
    guest->probe->callbacks++;
    memset(values, 0, count * sizeof(*values));
    for (UINT32 i = 0; i < count; i++) {
        unsigned reg = index_of(names[i]);
        guest->probe->got |= PROBE_BIT(reg);
        if (reg < PROBE_SEGMENTS)
            values[i].Reg64 = gpr_value(reg);
        else if (reg < PROBE_RIP)
            values[i].Segment = segment_value(false, guest->mode);
        else if (reg == PROBE_CR0)
            values[i].Reg64 = CR0;
        else if (reg == PROBE_CR4)
            values[i].Reg64 = CR4;
        else if (reg == PROBE_GDTR)
            values[i].Table = (WHV_X64_TABLE_REGISTER){.Limit = 0xffff, .Base = TABLES};
        else if (reg == PROBE_LDTR)
            values[i].Segment = (WHV_X64_SEGMENT_REGISTER){
                .Limit = 0xffff, .Base = TABLES, .Selector = 8, .Attributes = 0x82};
        else if (names[i] == WHvX64RegisterFpControlStatus)
            values[i].FpControlStatus =
                (WHV_X64_FP_CONTROL_STATUS_REGISTER){.FpControl = 0x37f, .FpTag = 0xff};
        else if (names[i] == WHvX64RegisterXmmControlStatus)
            values[i].XmmControlStatus = (WHV_X64_XMM_CONTROL_STATUS_REGISTER){
                .XmmStatusControl = MXCSR, .XmmStatusControlMask = 0xffff};
        else if (reg == PROBE_XCR0)
            values[i].Reg64 = XCR0;
        else if (reg >= PROBE_XMM)
            values[i].Reg128 = (WHV_UINT128){.Low64 = reg, .High64 = reg};
    }
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct probe *probe = ((struct guest *)context)->probe;
    probe->callbacks++;
    for (UINT32 i = 0; i < count; i++) {
        unsigned reg = index_of(names[i]);
        probe->set |= PROBE_BIT(reg);
        if (reg == RCX)
            probe->rcx = values[i].Reg64;
        else if (reg == PROBE_RFLAGS)
            probe->rflags = values[i].Reg64;
        else if (reg == PROBE_RIP)
            probe->rip = values[i].Reg64;
        else if (reg == PROBE_EVENT) {
            probe->has_event = values[i].ExceptionEvent.EventPending;
            probe->vector = (uint8_t)values[i].ExceptionEvent.Vector;
        }
    }
    return S_OK;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct probe *probe = ((struct guest *)context)->probe;
    uint64_t descriptor = DESCRIPTOR;
    unsigned size = access->AccessSize;
    probe->callbacks++;
    if (access->GpaAddress >= TABLES) {
        if (access->Direction == 0)
            memcpy(access->Data, &descriptor, size);
    } else if (access->Direction == 0) {
        memset(access->Data, PROBE_BYTE, size);
        probe->bytes_read += size;
    } else {
        probe->bytes_written += size;
    }
    return S_OK;
}

static HRESULT CALLBACK on_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    struct probe *probe = ((struct guest *)context)->probe;
    probe->callbacks++;
    if (access->Direction == 0)
        probe->port_bytes_in += access->AccessSize;
    else
        probe->port_bytes_out += access->AccessSize;
    return S_OK;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    (void)flags;
    ((struct guest *)context)->probe->callbacks++;
    *result = WHvTranslateGvaResultSuccess;
    *gpa = gva;
    return S_OK;
}

const char *probe_names(uint64_t set, char *text, size_t size)
{
    static const char *const names[64] = {
        "rax",          "rcx", "rdx", "rbx",  "rsp",   "rbp",    "rsi",  "rdi",  "r8",
        "r9",           "r10", "r11", "r12",  "r13",   "r14",    "r15",  "es",   "cs",
        "ss",           "ds",  "fs",  "gs",   "rip",   "rflags", "gdtr", "ldtr", "interruptstate",
        "pendingevent", "cr0", "cr4", "xcr0", "others"};
    size_t used = 0;
    snprintf(text, size, "none");
    for (unsigned i = 0; i < 64; i++) {
        if (!(set & PROBE_BIT(i)) || used >= size)
            continue;
        const char *blank = used > 0 ? " " : "";
        int added = names[i] ? snprintf(text + used, size - used, "%s%s", blank, names[i])
                             : snprintf(text + used, size - used, "%sxmm%u", blank, i - PROBE_XMM);
        used += (size_t)added;
    }
    return text;
}

WHV_EMULATOR_HANDLE probe_create(void)
{
    return callbacks_create(
        (WHV_EMULATOR_CALLBACKS){.WHvEmulatorIoPortCallback = on_io,
                                 .WHvEmulatorMemoryCallback = on_memory,
                                 .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                 .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                 .WHvEmulatorTranslateGvaPage = on_translate});
}

struct probe probe_run(WHV_EMULATOR_HANDLE emulator, const struct opcode *opcode, uint64_t rflags)
{
    const struct whe_mode *mode = &opcode->mode->mode;
    const struct opcode_bytes bytes = opcodes_bytes(opcode);
    struct probe probe = {.rcx = PROBE_RCX, .rip = PROBE_RIP_AT};
    struct guest guest = {&probe, mode};
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    WHV_VP_EXIT_CONTEXT vp = {
        .Cs = segment_value(true, mode), .Rip = PROBE_RIP_AT, .Rflags = PROBE_RFLAGS_BASE | rflags};
    WHV_MEMORY_ACCESS_CONTEXT access = {.InstructionByteCount = sizeof(bytes.byte)};
    vp.ExecutionState.Cpl = mode->protected_mode ? CPL : 0;
    vp.ExecutionState.Cr0Pe = mode->protected_mode;
    vp.ExecutionState.EferLma = mode->code == WHE_CODE64;
    memcpy(access.InstructionBytes, bytes.byte, sizeof(bytes.byte));
    access.AccessInfo.AccessType = WHvMemoryAccessExecute;
    probe.hr = WHvEmulatorTryMmioEmulation(emulator, &guest, &vp, &access, &status);
    probe.status = status.AsUINT32;
    return probe;
}
