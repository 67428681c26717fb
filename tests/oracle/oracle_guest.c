/* SPDX-License-Identifier: MIT */
#include "oracle_guest.h"

#include <string.h>

#include "callbacks.h"

#define CR0        UINT64_C(0x80050033)  /* what Linux gives its processes */
#define CR4        UINT64_C(0x40600)     /* likewise, as far as instructions ask */
#define XCR0       UINT64_C(7)           /* likewise */
#define GPA_OFFSET UINT64_C(0x100000000) /* so that no linear address passes for a physical one */
#define CPL        3u
#define RFLAGS_VM  UINT64_C(0x20000)

#define TYPE_ACCESSED 1u
#define TYPE_WRITABLE 2u
#define TYPE_CODE     8u
#define SELECTOR_TI   4u

/* Where the descriptor tables are, for the emulator; nothing else lies there. */
#define LDT_LINEAR UINT64_C(0x40000000)
#define GDT_LINEAR UINT64_C(0x40001000)
#define LDT_MAX    256u
#define GDT_LIMIT  127u /* Linux's; what it holds is not modelled */

struct guest {
    const struct oracle_in *in;
    struct oracle_out *out;
    const char *broken;
    WHV_X64_PENDING_EXCEPTION_EVENT event;
    unsigned sets;
    bool has_shadow;
    uint64_t ldt[LDT_MAX];
    size_t ldt_count;
};

static void broke(struct guest *guest, const char *rule)
{
    if (!guest->broken)
        guest->broken = rule;
}

bool oracle_guest_is_gdt(uint64_t linear)
{
    return linear >= GDT_LINEAR && linear <= GDT_LINEAR + GDT_LIMIT;
}

static uint64_t code_address(const struct oracle_in *in)
{
    return in->mode == ORACLE_16 ? ORACLE_CODE16 + ORACLE_IP16 : ORACLE_RIP;
}

static WHV_X64_SEGMENT_REGISTER flat_segment(uint16_t selector)
{
    WHV_X64_SEGMENT_REGISTER segment = {.Limit = UINT32_MAX, .Selector = selector};
    segment.SegmentType = TYPE_ACCESSED | TYPE_WRITABLE;
    segment.NonSystemSegment = 1;
    segment.DescriptorPrivilegeLevel = CPL;
    segment.Present = 1;
    segment.Default = 1;
    segment.Granularity = 1;
    return segment;
}

static WHV_X64_SEGMENT_REGISTER code_segment(const struct oracle_in *in)
{
    WHV_X64_SEGMENT_REGISTER segment = flat_segment(oracle_selector(in, ORACLE_CS));
    segment.SegmentType = TYPE_ACCESSED | TYPE_WRITABLE | TYPE_CODE;
    segment.Long = in->mode == ORACLE_64;
    segment.Default = in->mode == ORACLE_32;
    if (in->mode == ORACLE_16) {
        segment.Base = ORACLE_CODE16;
        segment.Limit = 0xffff;
        segment.Granularity = 0;
    }
    return segment;
}

/* What a segment register holds after a selector of the LDT was loaded. SDM 3A, 3.4.5. */
static WHV_X64_SEGMENT_REGISTER segment_from_descriptor(uint64_t descriptor, uint16_t selector)
{
    WHV_X64_SEGMENT_REGISTER segment = {.Selector = selector};
    segment.Base = (descriptor >> 16 & 0xffffff) | (descriptor >> 56) << 24;
    segment.Attributes = (UINT16)(descriptor >> 40 & 0xf0ff);
    segment.Limit = (UINT32)((descriptor & 0xffff) | (descriptor >> 32 & 0xf0000));
    if (segment.Granularity)
        segment.Limit = segment.Limit << 12 | 0xfff;
    return segment;
}

static WHV_X64_SEGMENT_REGISTER segment_value(const struct guest *guest, enum oracle_sreg sreg)
{
    const struct oracle_in *in = guest->in;
    uint16_t selector = guest->out->selector[sreg];
    WHV_X64_SEGMENT_REGISTER segment = flat_segment(selector);
    if (sreg == ORACLE_CS)
        return code_segment(in);
    if (in->mode == ORACLE_64) {
        if (sreg == ORACLE_FS || sreg == ORACLE_GS)
            segment.Base = in->segment[sreg].base;
        return segment;
    }
    if (selector == 0)
        return (WHV_X64_SEGMENT_REGISTER){.Selector = 0};
    if (selector & SELECTOR_TI)
        return segment_from_descriptor(guest->ldt[selector / 8], selector);
    return segment;
}

/* @return the bytes at a linear address in out->memory, and the block that has them; or NULL. */
static uint8_t *find_memory(struct guest *guest, uint64_t linear, const struct oracle_block **found)
{
    uint8_t *memory = guest->out->memory;
    for (unsigned i = 0; i < guest->in->block_count; i++) {
        const struct oracle_block *block = &guest->in->block[i];
        if (linear - block->address < block->size) {
            *found = block;
            return memory + (linear - block->address);
        }
        memory += block->size;
    }
    return NULL;
}

static bool is_code_page(uint64_t linear)
{
    return linear / ORACLE_PAGE == ORACLE_CODE16 / ORACLE_PAGE;
}

static HRESULT CALLBACK on_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    (void)access;
    broke(context, "a port access");
    return E_FAIL;
}

/* The code page shows the instruction and the INT3 that follow it. */
static void read_code(const struct guest *guest, uint64_t linear, uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint64_t index = linear + i - code_address(guest->in);
        data[i] = index < guest->in->code_size ? guest->in->code[index] : 0xcc;
    }
}

static void read_ldt(struct guest *guest, uint64_t offset, uint8_t *data, size_t size)
{
    if (offset + size > guest->ldt_count * sizeof(guest->ldt[0]))
        broke(guest, "a descriptor past the limit");
    else
        memcpy(data, (const uint8_t *)guest->ldt + offset, size);
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct guest *guest = context;
    const struct oracle_block *block = NULL;
    uint64_t linear = access->GpaAddress - GPA_OFFSET;
    size_t size = access->AccessSize;
    if (size < 1 || size > 8 || linear % ORACLE_PAGE + size > ORACLE_PAGE)
        broke(guest, "a memory access of a wrong size, or across a page");
    else if (is_code_page(linear) && access->Direction == 0)
        read_code(guest, linear, access->Data, size);
    else if (linear - LDT_LINEAR < ORACLE_PAGE && access->Direction == 0)
        read_ldt(guest, linear - LDT_LINEAR, access->Data, size);
    else {
        uint8_t *bytes = find_memory(guest, linear, &block);
        if (!bytes || block->access == ORACLE_NONE)
            broke(guest, "an access to memory that is not there");
        else if (access->Direction == 0)
            memcpy(access->Data, bytes, size);
        else if (block->access != ORACLE_READ_WRITE)
            broke(guest, "a write to memory that is read-only");
        else
            memcpy(bytes, access->Data, size);
    }
    return guest->broken ? E_FAIL : S_OK;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct guest *guest = context;
    const struct oracle_block *block = NULL;
    bool is_write = ((uint32_t)flags & WHvTranslateGvaFlagValidateWrite) != 0;
    if (gva % ORACLE_PAGE != 0)
        broke(guest, "a translation of an address inside a page");
    *gpa = gva + GPA_OFFSET;
    *result = WHvTranslateGvaResultSuccess;
    if (is_code_page(gva))
        *result = is_write ? WHvTranslateGvaResultPrivilegeViolation : WHvTranslateGvaResultSuccess;
    else if (gva == LDT_LINEAR && ((uint32_t)flags & WHvTranslateGvaFlagPrivilegeExempt))
        *result = WHvTranslateGvaResultSuccess;
    else if (!find_memory(guest, gva, &block) || block->access == ORACLE_NONE)
        *result = WHvTranslateGvaResultPageNotPresent;
    else if (is_write && block->access == ORACLE_READ)
        *result = WHvTranslateGvaResultPrivilegeViolation;
    return S_OK;
}

/* @return whether a name is that of a segment, and which. */
static bool sreg_from_name(WHV_REGISTER_NAME name, enum oracle_sreg *sreg)
{
    if (name < WHvX64RegisterEs || name > WHvX64RegisterGs)
        return false;
    *sreg = (enum oracle_sreg)(name - WHvX64RegisterEs);
    return true;
}

static WHV_X64_SEGMENT_REGISTER ldtr_value(const struct guest *guest)
{
    WHV_X64_SEGMENT_REGISTER segment = {.Base = LDT_LINEAR, .Selector = 0x50};
    if (guest->ldt_count == 0)
        return (WHV_X64_SEGMENT_REGISTER){.Selector = 0};
    segment.Limit = (UINT32)(guest->ldt_count * sizeof(guest->ldt[0]) - 1);
    segment.SegmentType = 2;
    segment.Present = 1;
    return segment;
}

static bool is_of_fx(WHV_REGISTER_NAME name)
{
    return name >= WHvX64RegisterFpMmx0 && name <= WHvX64RegisterXmmControlStatus;
}

static WHV_REGISTER_VALUE fx_value(const struct oracle_fx *fx, WHV_REGISTER_NAME name)
{
    WHV_REGISTER_VALUE value = {.Reg64 = 0};
    if (name == WHvX64RegisterFpControlStatus)
        value.FpControlStatus = (WHV_X64_FP_CONTROL_STATUS_REGISTER){.FpControl = fx->control,
                                                                     .FpStatus = fx->status,
                                                                     .FpTag = fx->tag,
                                                                     .LastFpOp = fx->opcode,
                                                                     .LastFpRip = fx->ip};
    else if (name == WHvX64RegisterXmmControlStatus)
        value.XmmControlStatus =
            (WHV_X64_XMM_CONTROL_STATUS_REGISTER){.LastFpRdp = fx->dp,
                                                  .XmmStatusControl = fx->mxcsr,
                                                  .XmmStatusControlMask = fx->mxcsr_mask};
    else
        memcpy(&value, &fx->st[name - WHvX64RegisterFpMmx0], sizeof(fx->st[0]));
    return value;
}

static void set_fx(struct guest *guest, WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *value)
{
    struct oracle_fx *fx = &guest->out->fx;
    if (name == WHvX64RegisterFpControlStatus) {
        const WHV_X64_FP_CONTROL_STATUS_REGISTER *x87 = &value->FpControlStatus;
        fx->control = x87->FpControl;
        fx->status = x87->FpStatus;
        fx->tag = x87->FpTag;
        fx->opcode = x87->LastFpOp;
        fx->ip = x87->LastFpRip;
    } else if (name == WHvX64RegisterXmmControlStatus) {
        fx->dp = value->XmmControlStatus.LastFpRdp;
        fx->mxcsr = value->XmmControlStatus.XmmStatusControl;
        if (value->XmmControlStatus.XmmStatusControlMask != fx->mxcsr_mask)
            broke(guest, "the mask of MXCSR was changed");
    } else
        memcpy(&fx->st[name - WHvX64RegisterFpMmx0], value, sizeof(fx->st[0]));
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct guest *guest = context;
    memset(values, 0, count * sizeof(*values));
    for (UINT32 i = 0; i < count; i++) {
        enum oracle_sreg sreg;
        if (names[i] >= WHvX64RegisterRax && names[i] <= WHvX64RegisterR15)
            values[i].Reg64 = guest->out->gpr[names[i]];
        else if (names[i] >= WHvX64RegisterXmm0 && names[i] <= WHvX64RegisterXmm15)
            memcpy(&values[i], &guest->out->xmm[names[i] - WHvX64RegisterXmm0], 16);
        else if (sreg_from_name(names[i], &sreg))
            values[i].Segment = segment_value(guest, sreg);
        else if (names[i] == WHvX64RegisterLdtr)
            values[i].Segment = ldtr_value(guest);
        else if (names[i] == WHvX64RegisterGdtr)
            values[i].Table = (WHV_X64_TABLE_REGISTER){.Limit = GDT_LIMIT, .Base = GDT_LINEAR};
        else if (names[i] == WHvX64RegisterCr0)
            values[i].Reg64 = CR0;
        else if (names[i] == WHvX64RegisterCr4)
            values[i].Reg64 = CR4;
        else if (names[i] == WHvX64RegisterXCr0)
            values[i].Reg64 = XCR0;
        else if (is_of_fx(names[i]))
            values[i] = fx_value(&guest->out->fx, names[i]);
        else if (names[i] == WHvX64RegisterRip)
            values[i].Reg64 = guest->out->rip;
        else if (names[i] == WHvX64RegisterRflags)
            values[i].Reg64 = guest->out->rflags;
    }
    return S_OK;
}

/*
 * A loaded segment must be what its descriptor says; what a null one hides is the maker's affair.
 */
static void load_segment(struct guest *guest, enum oracle_sreg sreg,
                         const WHV_X64_SEGMENT_REGISTER *value)
{
    uint16_t selector = value->Selector;
    guest->out->selector[sreg] = selector < 4 ? 0 : selector;
    if (selector < 4)
        return;
    if (!(selector & SELECTOR_TI) || selector / 8u >= guest->ldt_count) {
        broke(guest, "a selector was loaded that has no descriptor");
        return;
    }
    WHV_X64_SEGMENT_REGISTER expected = segment_from_descriptor(guest->ldt[selector / 8], selector);
    if (value->Base != expected.Base || value->Limit != expected.Limit ||
        value->Attributes != expected.Attributes)
        broke(guest, "a segment register that is not what its descriptor says");
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct guest *guest = context;
    guest->sets++;
    for (UINT32 i = 0; i < count; i++) {
        enum oracle_sreg sreg;
        if (names[i] >= WHvX64RegisterRax && names[i] <= WHvX64RegisterR15)
            guest->out->gpr[names[i]] = values[i].Reg64;
        else if (names[i] >= WHvX64RegisterXmm0 && names[i] <= WHvX64RegisterXmm15)
            memcpy(&guest->out->xmm[names[i] - WHvX64RegisterXmm0], &values[i], 16);
        else if (names[i] == WHvX64RegisterRip)
            guest->out->rip = values[i].Reg64;
        else if (names[i] == WHvX64RegisterRflags)
            guest->out->rflags = values[i].Reg64;
        else if (sreg_from_name(names[i], &sreg))
            load_segment(guest, sreg, &values[i].Segment);
        else if (names[i] == WHvRegisterPendingEvent)
            guest->event = values[i].ExceptionEvent;
        else if (names[i] == WHvX64RegisterPendingDebugException)
            guest->out->stepped = values[i].PendingDebugException.SingleStep;
        else if (names[i] == WHvRegisterInterruptState)
            guest->has_shadow = values[i].InterruptState.InterruptShadow;
        else if (is_of_fx(names[i]))
            set_fx(guest, names[i], &values[i]);
        else
            broke(guest, "a register was set that no instruction here changes");
    }
    return S_OK;
}

WHV_EMULATOR_HANDLE oracle_guest_create(void)
{
    return callbacks_create(
        (WHV_EMULATOR_CALLBACKS){.WHvEmulatorIoPortCallback = on_io,
                                 .WHvEmulatorMemoryCallback = on_memory,
                                 .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                 .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                 .WHvEmulatorTranslateGvaPage = on_translate});
}

/* State before the instruction, in the place of the state after it. */
static void begin(const struct oracle_in *in, enum oracle_context context, struct oracle_out *out)
{
    out->memory_size = 0;
    for (unsigned i = 0; i < in->block_count; i++) {
        uint8_t *target = out->memory + out->memory_size;
        if (in->block[i].bytes)
            memcpy(target, in->block[i].bytes, in->block[i].size);
        else
            memset(target, 0, in->block[i].size);
        out->memory_size += in->block[i].size;
    }
    for (unsigned i = 0; i < 16; i++)
        out->gpr[i] = oracle_gpr(in, i);
    memcpy(out->xmm, in->xmm, sizeof(out->xmm));
    out->fx = oracle_fx(in);
    out->fx.mxcsr_mask = oracle_mxcsr_mask();
    out->rflags = (in->rflags & ORACLE_RFLAGS) | 0x202;
    if (context == ORACLE_VM86)
        out->rflags |= RFLAGS_VM;
    out->rip = in->mode == ORACLE_16 ? ORACLE_IP16 : ORACLE_RIP;
    for (enum oracle_sreg i = 0; i < ORACLE_SREGS; i++)
        out->selector[i] = oracle_selector(in, i);
    out->completed = false;
    out->stepped = false;
    out->signal = 0;
    out->trap = 0;
    out->error = 0;
    out->address = 0;
}

static WHV_VP_EXIT_CONTEXT vp_context(const struct oracle_in *in, enum oracle_context context,
                                      const struct oracle_out *out)
{
    WHV_VP_EXIT_CONTEXT vp = {.Cs = code_segment(in), .Rip = out->rip, .Rflags = out->rflags};
    vp.ExecutionState.Cpl = context == ORACLE_REAL ? 0 : CPL & 3;
    vp.ExecutionState.Cr0Pe = context != ORACLE_REAL;
    vp.ExecutionState.Cr0Am = 1;
    vp.ExecutionState.EferLma = context == ORACLE_LONG;
    return vp;
}

static WHV_MEMORY_ACCESS_CONTEXT memory_context(const struct oracle_in *in,
                                                const struct oracle_exit *exit)
{
    WHV_MEMORY_ACCESS_CONTEXT context = {.Gva = exit->gva, .Gpa = exit->gva + GPA_OFFSET};
    unsigned given = exit->bytes_missing < 16 ? 16u - exit->bytes_missing : 0;
    context.InstructionByteCount = (UINT8)given;
    memset(context.InstructionBytes, 0xcc, sizeof(context.InstructionBytes));
    memcpy(context.InstructionBytes, in->code, given < in->code_size ? given : in->code_size);
    context.AccessInfo.AccessType = (UINT32)exit->access & 3;
    context.AccessInfo.GvaValid = exit->gva_valid;
    return context;
}

/* @return whether the opcode after the prefixes is MOV SS. */
static bool is_load_of_ss(const struct oracle_in *in)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                       0x66, 0x67, 0xf0, 0xf2, 0xf3};
    unsigned i = 0;
    /* A REX prefix that others follow is ignored, but may stand there. SDM 2A, 2.2.1. */
    while (i < in->code_size && (memchr(prefixes, in->code[i], sizeof(prefixes)) ||
                                 (in->mode == ORACLE_64 && (in->code[i] & 0xf0) == 0x40)))
        i++;
    if (i < in->code_size && in->code[i] == 0x17) /* POP SS */
        return true;
    return i + 1 < in->code_size && in->code[i] == 0x8e && (in->code[i + 1] >> 3 & 7) == ORACLE_SS;
}

struct oracle_answer oracle_guest_run_in(WHV_EMULATOR_HANDLE emulator, enum oracle_context context,
                                         const struct oracle_in *in, const struct oracle_exit *exit,
                                         struct oracle_out *out)
{
    struct guest guest = {.in = in, .out = out};
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    struct oracle_answer answer;
    begin(in, context, out);
    guest.ldt_count = oracle_ldt(guest.ldt, LDT_MAX);
    const WHV_VP_EXIT_CONTEXT vp = vp_context(in, context, out);
    const WHV_MEMORY_ACCESS_CONTEXT memory = memory_context(in, exit);
    answer.hr = WHvEmulatorTryMmioEmulation(emulator, &guest, &vp, &memory, &status);
    answer.status = status.AsUINT32;
    if (context != ORACLE_REAL && ((out->rflags ^ vp.Rflags) & ~ORACLE_RFLAGS) != 0)
        broke(&guest, "a flag was changed that only the system may change");
    out->rflags &= ORACLE_RFLAGS;
    if (guest.event.EventPending) {
        out->trap = guest.event.Vector;
        out->error = guest.event.DeliverErrorCode ? guest.event.ErrorCode : 0;
        out->address = guest.event.ExceptionParameter;
    } else {
        out->completed = guest.sets == 1 && out->rip != vp.Rip;
        /* The instruction after a load of SS cannot be interrupted. SDM 3A, 6.8.3. */
        if (out->completed && guest.has_shadow != is_load_of_ss(in))
            broke(&guest, "an interrupt shadow without a load of SS, or none with it");
    }
    answer.broken = guest.broken;
    return answer;
}

struct oracle_answer oracle_guest_run(WHV_EMULATOR_HANDLE emulator, const struct oracle_in *in,
                                      const struct oracle_exit *exit, struct oracle_out *out)
{
    return oracle_guest_run_in(emulator, ORACLE_LONG, in, exit, out);
}
