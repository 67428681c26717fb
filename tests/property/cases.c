/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <stdio.h>
#include <string.h>

#define PAGE 0x1000u

#define DATA_FIRST 0xau /* pages */
#define DATA_END   0x20u
#define SELECTORS  0x18000u

#define RFLAGS_TF   0x100u
#define RFLAGS_IF   0x200u
#define RFLAGS_DF   0x400u
#define RFLAGS_IOPL 0x3000u
#define RFLAGS_RF   0x10000u
#define RFLAGS_VM   0x20000u
#define RFLAGS_AC   0x40000u

struct maker {
    struct guest *guest;
    struct random code;   /* for the instruction */
    struct random random; /* for all else */
    struct random_case *made;
};

static void add_tables(struct guest *guest)
{
    WHV_REGISTER_VALUE gdtr = {.Table = {.Base = 0x6000, .Limit = 0x7ff}};
    WHV_REGISTER_VALUE ldtr = {.Segment = {.Base = 0x6800, .Limit = 0x7ff, .Selector = 0x30}};
    WHV_REGISTER_VALUE tr = {
        .Segment = {.Base = CASES_TSS, .Limit = CASES_TSS_SIZE - 1, .Selector = 0x28}};
    ldtr.Segment.SegmentType = 2;
    ldtr.Segment.Present = 1;
    tr.Segment.SegmentType = 0xb;
    tr.Segment.Present = 1;
    *guest_reg(guest, WHvX64RegisterGdtr) = gdtr;
    *guest_reg(guest, WHvX64RegisterLdtr) = ldtr;
    *guest_reg(guest, WHvX64RegisterTr) = tr;
    guest->memory[CASES_TSS + 0x66] = 0x68;
    guest->memory[CASES_TSS + 0x67] = 0;
    for (unsigned i = 0; i < PAGE; i += 8) /* mostly what data segments can be */
        guest->memory[0x6000 + i + 5] |= 0x92;
    for (unsigned i = 0; i < PAGE; i += 2)
        guest->memory[SELECTORS + i + 1] &= 7; /* within the tables */
}

void cases_init(struct guest *guest, uint64_t seed)
{
    struct random random = random_of_index(seed, UINT64_MAX);
    guest_init(guest, GUEST_LONG64);
    for (unsigned i = 0; i < GUEST_MEMORY; i++)
        guest->memory[i] = (uint8_t)random_next(&random);
    memset(guest->memory + PAGE, 0, 3 * PAGE); /* code */
    add_tables(guest);
    guest_map(guest, CASES_MISSING, 0, WHvTranslateGvaResultPageNotPresent, 0);
    guest_map(guest, CASES_READ_ONLY, 0, WHvTranslateGvaResultPrivilegeViolation,
              WHvTranslateGvaFlagValidateWrite);
    guest_map(guest, CASES_DEVICE, GUEST_OWN_PAGE, WHvTranslateGvaResultGpaUnmapped, 0);
    guest->port_data = 0x89abcdef;
    /* All registers once, so that they stand in the same order in every run. */
    for (int name = WHvX64RegisterRax; name <= WHvX64RegisterCr8; name++)
        guest_reg(guest, (WHV_REGISTER_NAME)name);
    for (int name = WHvX64RegisterXmm0; name <= WHvX64RegisterXmmControlStatus; name++)
        guest_reg(guest, (WHV_REGISTER_NAME)name);
    guest_reg(guest, WHvX64RegisterEfer);
    guest_reg(guest, WHvRegisterPendingInterruption);
    guest_reg(guest, WHvRegisterInterruptState);
    guest_reg(guest, WHvRegisterPendingEvent);
    guest_reg(guest, WHvX64RegisterPendingDebugException);
}

static uint64_t random_value(struct random *random)
{
    static const uint64_t corners[] = {0,      1,          0x7f,      0x80,       0xffff,
                                       0x8000, 0x80000000, INT64_MAX, UINT64_MAX, 1ull << 63};
    if (random_once_in(random, 4))
        return corners[random_below(random, sizeof(corners) / sizeof(corners[0]))];
    return random_next(random);
}

static WHV_X64_SEGMENT_REGISTER random_segment(struct random *random, bool is_real)
{
    static const uint64_t bases[] = {0, 0, 0x10, 0x8001, 0x10000, 0xfffff000};
    static const uint32_t limits[] = {0xffff, 0xffff, 0x1ffff, UINT32_MAX, 0xbffe, 0xfff};
    static const uint8_t types[] = {3, 3, 3, 1, 7, 0xb, 9, 2};
    WHV_X64_SEGMENT_REGISTER segment = {.Selector = 0x10};
    segment.Base = bases[random_below(random, 6)];
    segment.Limit = limits[random_below(random, 6)];
    segment.SegmentType = types[random_below(random, is_real ? 3 : 8)] & 15u;
    segment.NonSystemSegment = 1;
    segment.Present = !random_once_in(random, 20);
    segment.Default = random_once_in(random, 2);
    return segment;
}

static void make_segments(struct maker *m)
{
    static const WHV_REGISTER_NAME names[] = {WHvX64RegisterEs, WHvX64RegisterSs, WHvX64RegisterDs,
                                              WHvX64RegisterFs, WHvX64RegisterGs};
    static const uint64_t bases[] = {0, 0x8000, 0x7ffffffff000, 0xffff800000000000};
    const enum guest_mode mode = m->made->mode;
    const bool is_real = mode == GUEST_REAL16 || mode == GUEST_VM86;
    const bool is_flat = random_once_in(&m->random, 2);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        WHV_X64_SEGMENT_REGISTER *segment = &guest_reg(m->guest, names[i])->Segment;
        *segment = guest_segment(mode, false);
        if (!is_flat)
            *segment = random_segment(&m->random, is_real);
        if (mode == GUEST_LONG64 && i >= 3)
            segment->Base = bases[random_below(&m->random, 4)];
    }
}

static uint64_t random_rflags(struct maker *m)
{
    uint64_t rflags =
        2 | (random_next(&m->random) & (MODEL_STATUS_FLAGS | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL));
    if (random_once_in(&m->random, 16))
        rflags |= RFLAGS_TF;
    if (random_once_in(&m->random, 16))
        rflags |= RFLAGS_RF;
    if (random_once_in(&m->random, 4))
        rflags |= RFLAGS_AC;
    return m->made->mode == GUEST_VM86 ? rflags | RFLAGS_VM : rflags;
}

static void make_registers(struct maker *m)
{
    struct guest *guest = m->guest;
    for (int name = WHvX64RegisterRax; name <= WHvX64RegisterR15; name++)
        guest_set64(guest, (WHV_REGISTER_NAME)name, random_value(&m->random));
    for (int name = WHvX64RegisterXmm0; name <= WHvX64RegisterXmm15; name++)
        guest_reg(guest, (WHV_REGISTER_NAME)name)->Reg128 =
            (WHV_UINT128){.Low64 = random_value(&m->random), .High64 = random_value(&m->random)};
    /* All exceptions of the x87 are masked; its stack begins anywhere. */
    guest_reg(guest, WHvX64RegisterFpControlStatus)->FpControlStatus =
        (WHV_X64_FP_CONTROL_STATUS_REGISTER){
            .FpControl = 0x37f, .FpStatus = (UINT16)(random_below(&m->random, 8) << 11)};
    for (int name = WHvX64RegisterFpMmx0; name <= WHvX64RegisterFpMmx7; name++)
        guest_set64(guest, (WHV_REGISTER_NAME)name, random_value(&m->random));
    guest_reg(guest, WHvX64RegisterXmmControlStatus)->XmmControlStatus =
        (WHV_X64_XMM_CONTROL_STATUS_REGISTER){.XmmStatusControl =
                                                  (UINT32)(random_next(&m->random) & 0xffff) |
                                                  (random_once_in(&m->random, 4) ? 0u : 0x1f80u),
                                              .XmmStatusControlMask = 0xffff};
    guest_set64(guest, WHvX64RegisterRflags, random_rflags(m));
    uint64_t cr0 = 0x31, cr4 = random_next(&m->random) & 0x101000; /* SMEP, LA57 */
    if (random_once_in(&m->random, 16))
        cr0 |= random_next(&m->random) & 0xe; /* TS, EM, MP */
    if (!random_once_in(&m->random, 32))
        cr4 |= 0x40600; /* OSFXSR, OSXMMEXCPT, OSXSAVE */
    guest_set64(guest, WHvX64RegisterXCr0, random_once_in(&m->random, 32) ? 3 : 7);
    guest_set64(guest, WHvX64RegisterCr0, cr0);
    guest_set64(guest, WHvX64RegisterCr4, cr4);
    guest_set64(guest, WHvX64RegisterEfer, random_next(&m->random) & 0x800); /* NXE */
    guest_set64(guest, WHvRegisterInterruptState, random_below(&m->random, 4));
    guest_set64(guest, WHvRegisterPendingEvent, random_once_in(&m->random, 40));
    guest_set64(guest, WHvRegisterPendingInterruption, random_once_in(&m->random, 40));
    guest_set64(guest, WHvX64RegisterPendingDebugException, 0);
    make_segments(m);
}

/* Where the code lies: few places, so that they meet in the decode cache; some at a page's end. */
static void make_place(struct maker *m)
{
    unsigned place = random_below(&m->code, 64);
    uint64_t start = 0x1000 + 37u * place;
    if (place >= 48)
        start = 0x3000 - 16 + (place - 48);
    uint64_t base = m->made->mode == GUEST_LONG64 || random_once_in(&m->code, 2) ? 0 : 0x800;
    WHV_X64_SEGMENT_REGISTER *cs = &guest_reg(m->guest, WHvX64RegisterCs)->Segment;
    *cs = guest_segment(m->made->mode, true);
    cs->Base = base;
    m->made->start = start;
    guest_set64(m->guest, WHvX64RegisterRip, start - base);
}

static void make_bytes(struct maker *m, uint8_t *bytes)
{
    static const uint8_t overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    const struct encoding *encoding = encodings_pick(&m->code, m->made->mode);
    struct encoding_extras extras = {.rex = (uint8_t)random_below(&m->code, 8)};
    if (random_once_in(&m->code, 4))
        extras.prefixes[extras.prefix_count++] = 0x67;
    if (random_once_in(&m->code, 4))
        extras.prefixes[extras.prefix_count++] = overrides[random_below(&m->code, 6)];
    if (random_once_in(&m->code, 8))
        extras.prefixes[extras.prefix_count++] = 0x66;
    extras.modrm = (uint8_t)random_below(&m->code, 256);
    if (!random_once_in(&m->code, 8)) /* a memory operand, mostly */
        extras.modrm = (uint8_t)((extras.modrm & 7) | random_below(&m->code, 3) << 6);
    for (size_t i = 0; i < sizeof(extras.tail); i++)
        extras.tail[i] = (uint8_t)random_next(&m->code);
    memset(bytes, 0, ENCODING_BYTES);
    encoding_write(encoding, &extras, bytes);
}

static void make_instruction(struct maker *m)
{
    uint8_t bytes[ENCODING_BYTES];
    struct model *model = &m->made->model;
    do
        make_bytes(m, bytes);
    while (!model_decode(model, m->made->mode, bytes, 15) || !encodings_know(model));
    memcpy(m->made->code, bytes, sizeof(m->made->code));
    m->made->size = model->insn.length;
}

static uint64_t pick_target(struct maker *m, const struct model_access *access)
{
    const bool is_narrow = m->made->model.insn.address_width == 16;
    unsigned page =
        DATA_FIRST + random_below(&m->random, (is_narrow ? 0x11 : DATA_END) - DATA_FIRST);
    unsigned size = access->size ? access->size : 1;
    switch (random_below(&m->random, 16)) {
    case 0:
        /* Where canonical addresses end, and where 32-bit ones do. */
        return (UINT64_C(1) << (m->made->model.insn.address_width == 64 ? 47 : 32)) -
               random_below(&m->random, 4 * size + 2);
    case 1:
        return GUEST_DEVICE + random_below(&m->random, PAGE);
    case 2:
        return SELECTORS + 2 * random_below(&m->random, PAGE / 2);
    case 3:
    case 4:
    case 5:
    case 6:
        return (uint64_t)PAGE * page - size + random_below(&m->random, size + 2);
    case 7:
        return PAGE * page + random_below(&m->random, PAGE);
    default:
        return PAGE * page + size * random_below(&m->random, PAGE / size);
    }
}

/* Adds to a register as much of a difference as the address size has. */
static void add_to_register(struct maker *m, ZydisRegister reg, uint64_t difference)
{
    const unsigned width = m->made->model.insn.address_width;
    uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    WHV_REGISTER_NAME name = (WHV_REGISTER_NAME)model_name(reg);
    uint64_t value = guest_get64(m->guest, name);
    guest_set64(m->guest, name, (value & ~mask) | ((value + difference) & mask));
}

static void add_to_displacement(struct maker *m, uint64_t difference)
{
    struct model *model = &m->made->model;
    uint8_t *at = m->made->code + model->insn.raw.disp.offset;
    size_t size = model->insn.raw.disp.size / 8u;
    uint64_t disp = 0;
    memcpy(&disp, at, size);
    disp += difference;
    memcpy(at, &disp, size);
    model_decode(model, m->made->mode, m->made->code, 15);
}

/* Makes an operand's address what was chosen, where registers or displacement can. */
static void aim(struct maker *m, const struct model_access *access)
{
    const ZydisDecodedOperandMem *mem = &access->operand->mem;
    uint64_t difference = pick_target(m, access) - access->linear;
    bool has_base = mem->base != ZYDIS_REGISTER_NONE && model_name(mem->base) != WHvX64RegisterRip;
    if (has_base)
        add_to_register(m, mem->base, difference);
    else if (mem->index != ZYDIS_REGISTER_NONE)
        add_to_register(m, mem->index, difference / (mem->scale ? mem->scale : 1u));
    else
        add_to_displacement(m, difference);
}

static void aim_all(struct maker *m)
{
    struct random_case *made = m->made;
    if (model_repeats(&made->model)) {
        guest_set64(m->guest, WHvX64RegisterRcx, 0xaaaaaaaaaaaa0000);
        add_to_register(m, ZYDIS_REGISTER_RCX,
                        UINT64_C(0x5555555555560000) +
                            random_below(&m->random, 5)); /* 0 to 4 in each width */
    }
    made->accesses = model_accesses(&made->model, m->guest, 0, made->access);
    for (size_t i = 0; i < made->accesses; i++) {
        aim(m, &made->access[i]);
        made->accesses = model_accesses(&made->model, m->guest, 0, made->access);
    }
}

static void place_code(struct maker *m)
{
    memcpy(m->guest->memory + m->made->start, m->made->code, sizeof(m->made->code));
}

static bool has_port(const struct model *model)
{
    return model->insn.meta.category == ZYDIS_CATEGORY_IO ||
           model->insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
}

static void make_port_exit(struct maker *m)
{
    struct random_case *made = m->made;
    const struct model *model = &made->model;
    const bool is_string = model_is_string(model);
    const unsigned data = model->insn.mnemonic == ZYDIS_MNEMONIC_OUT ? 1 : 0;
    unsigned size = is_string ? made->access[0].size : model->operand[data].size / 8u;
    bool is_write =
        model->insn.mnemonic == ZYDIS_MNEMONIC_OUT || (is_string && made->access[0].is_read);
    uint16_t port = (uint16_t)guest_get64(m->guest, WHvX64RegisterRdx);
    made->exit = guest_io_exit(m->guest, made->mode, port, size, is_write, is_string, made->code,
                               sizeof(made->code));
    made->exit.vp.InstructionLength = made->size & 15u;
    made->exit.io.AccessInfo.RepPrefix = model_repeats(model);
}

static void make_memory_exit(struct maker *m)
{
    struct random_case *made = m->made;
    WHV_MEMORY_ACCESS_TYPE access = WHvMemoryAccessExecute;
    uint64_t gva = made->start;
    if (made->accesses > 0 && !random_once_in(&m->random, 4)) {
        const struct model_access *chosen =
            &made->access[random_below(&m->random, (unsigned)made->accesses)];
        bool is_write = chosen->is_written != random_once_in(&m->random, 16);
        access = is_write ? WHvMemoryAccessWrite : WHvMemoryAccessRead;
        gva = chosen->linear;
        /* The end of an operand that begins on the page before: told at the page's beginning. */
        if (random_once_in(&m->random, 2) && gva % PAGE + chosen->size > PAGE)
            gva = (gva & ~(uint64_t)(PAGE - 1)) + PAGE;
    }
    made->exit =
        guest_memory_exit(m->guest, made->mode, access, gva, made->code, sizeof(made->code));
    if (random_once_in(&m->random, 32))
        made->exit.memory.Gpa ^= 1 + random_below(&m->random, PAGE - 1);
    /* What cannot be translated has no Gpa to be reused. */
    uint64_t page = gva & ~(uint64_t)(PAGE - 1);
    bool is_missing = page == CASES_MISSING || page == CASES_READ_ONLY;
    made->exit.memory.AccessInfo.GvaValid = !is_missing && !random_once_in(&m->random, 8);
}

static void make_exit(struct maker *m)
{
    struct random_case *made = m->made;
    if (has_port(&made->model) && !random_once_in(&m->random, 4))
        make_port_exit(m);
    else
        make_memory_exit(m);
    WHV_X64_VP_EXECUTION_STATE *state = &made->exit.vp.ExecutionState;
    state->Cr0Am = random_once_in(&m->random, 2);
    state->InterruptShadow = random_once_in(&m->random, 16);
    if (made->mode != GUEST_REAL16 && made->mode != GUEST_VM86 && random_once_in(&m->random, 3))
        state->Cpl = 3;
    if (!made->exit.is_io || made->exit.io.AccessInfo.StringOp) /* what is decoded counts */
        made->exit.vp.InstructionLength = random_below(&m->random, 16) & 15u;
    static const uint8_t given[] = {16, 16, 16, 16, 15, 0};
    made->given = given[random_below(&m->random, sizeof(given))];
    if (random_once_in(&m->random, 3))
        made->given = (uint8_t)random_below(&m->random, made->size + 1u);
}

void cases_make_in(struct guest *guest, uint64_t seed, uint64_t index, uint64_t instruction,
                   enum guest_mode mode, struct random_case *made)
{
    struct maker m = {.guest = guest,
                      .code = random_of_index(seed ^ 1, instruction),
                      .random = random_of_index(seed, index),
                      .made = made};
    memset(made, 0, sizeof(*made));
    made->mode = mode;
    make_place(&m);
    make_instruction(&m);
    make_registers(&m);
    aim_all(&m);
    place_code(&m);
    make_exit(&m);
}

void cases_make(struct guest *guest, uint64_t seed, uint64_t index, uint64_t instruction,
                struct random_case *made)
{
    struct random random = random_of_index(seed ^ 4, index);
    enum guest_mode mode = (enum guest_mode)random_below(&random, CASES_MODES);
    cases_make_in(guest, seed, index, instruction, mode, made);
}

void cases_clear(struct guest *guest, const struct random_case *made)
{
    /* Code lies where nothing else is looked at. */
    memset(guest->memory + made->start, 0, sizeof(made->code));
}

unsigned cases_accesses(const struct random_case *made)
{
    const bool is_user = made->mode == GUEST_VM86 || made->exit.vp.ExecutionState.Cpl > 0;
    const bool has_descriptors = made->mode != GUEST_REAL16 && made->mode != GUEST_VM86;
    unsigned accesses = 0;
    for (size_t i = 0; i < made->accesses; i++)
        accesses |= (made->access[i].is_read ? 1u : 0) | (made->access[i].is_written ? 2u : 0);
    /* The permission map of the TSS; a descriptor, which is marked as accessed. */
    if (has_port(&made->model) && is_user && made->mode != GUEST_REAL16)
        accesses |= 1;
    if (has_descriptors && made->model.operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
        (made->model.operand[0].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
        ZydisRegisterGetClass(made->model.operand[0].reg.value) == ZYDIS_REGCLASS_SEGMENT)
        accesses |= 3;
    if (model_selects(&made->model))
        accesses |= 1;
    return accesses;
}

bool cases_is_swapped(const struct random_case *made)
{
    const unsigned type = made->exit.memory.AccessInfo.AccessType;
    return !made->exit.is_io && type != WHvMemoryAccessExecute &&
           !(cases_accesses(made) & 1u << type);
}

/* What an operand must be aligned to, or #GP: of SSE all of 16 bytes, but for some. SDM 2A, 2.4;
   2B. SHA: AMD family 1Ah. */
static unsigned model_alignment(const struct model *model)
{
    const ZydisDecodedInstruction *insn = &model->insn;
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_CMPXCHG16B:
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64:
    case ZYDIS_MNEMONIC_VMOVAPS:
    case ZYDIS_MNEMONIC_VMOVAPD:
    case ZYDIS_MNEMONIC_VMOVDQA:
    case ZYDIS_MNEMONIC_VMOVNTDQ:
    case ZYDIS_MNEMONIC_VMOVNTPS:
    case ZYDIS_MNEMONIC_VMOVNTPD:
        return 16;
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_LDDQU:
    case ZYDIS_MNEMONIC_PCMPESTRI:
    case ZYDIS_MNEMONIC_PCMPESTRM:
    case ZYDIS_MNEMONIC_PCMPISTRI:
    case ZYDIS_MNEMONIC_PCMPISTRM:
        return 1;
    default:
        break;
    }
    const bool is_sse = insn->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
                        insn->meta.isa_set != ZYDIS_ISA_SET_SHA;
    for (unsigned i = 0; is_sse && i < insn->operand_count_visible; i++) {
        const ZydisDecodedOperand *operand = &model->operand[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY && operand->size == 128)
            return 16;
    }
    return 1;
}

bool cases_is_told(const struct random_case *made, const struct guest_exit *exit)
{
    const struct model *model = &made->model;
    const WHV_MEMORY_ACCESS_CONTEXT *memory = &exit->memory;
    const unsigned offset = (unsigned)memory->Gva & (PAGE - 1);
    const struct model_access *access = &made->access[0];
    const unsigned type = memory->AccessInfo.AccessType;
    const bool is_user = made->mode == GUEST_VM86 || exit->vp.ExecutionState.Cpl == 3;
    const bool checks_alignment =
        is_user && exit->vp.ExecutionState.Cr0Am && (exit->vp.Rflags & RFLAGS_AC);
    if (exit->is_io || !memory->AccessInfo.GvaValid || made->accesses != 1 ||
        model_is_string(model) || model_selects(model) || model_is_line(model) ||
        type == WHvMemoryAccessExecute ||
        access->operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN || model_masked(model))
        return false;
    if (type == WHvMemoryAccessRead ? access->is_written : !access->is_written)
        return false;
    for (unsigned i = 0; i < model->insn.operand_count_visible; i++) {
        const ZydisDecodedOperand *operand = &model->operand[i];
        const bool is_register = operand->type == ZYDIS_OPERAND_TYPE_REGISTER;
        /* Descriptors; bit strings. */
        if (is_register && i == 0 &&
            ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_SEGMENT)
            return false;
        if (is_register && i == 1 && model->insn.meta.category == ZYDIS_CATEGORY_BITBYTE &&
            model->insn.mnemonic >= ZYDIS_MNEMONIC_BT && model->insn.mnemonic <= ZYDIS_MNEMONIC_BTS)
            return false;
    }
    const bool is_aligned_by_rule = model_alignment(model) > 1;
    if (is_aligned_by_rule && offset % model_alignment(model) != 0)
        return false;
    if (!is_aligned_by_rule && checks_alignment && offset % model_word(model, access->size) != 0)
        return false;
    return offset + access->size <= PAGE && (offset != 0 || access->size == 1);
}

bool cases_disagrees(const struct random_case *made)
{
    const WHV_MEMORY_ACCESS_CONTEXT *memory = &made->exit.memory;
    return !made->exit.is_io && memory->AccessInfo.GvaValid &&
           ((memory->Gva ^ memory->Gpa) & (PAGE - 1)) != 0;
}

void cases_spread_exit(const struct guest *guest, struct random_case *made)
{
    uint64_t low_bits = made->exit.memory.Gpa & (PAGE - 1);
    if (!made->exit.is_io)
        made->exit.memory.Gpa =
            (guest_spread_address(guest, made->exit.memory.Gva) & ~(uint64_t)(PAGE - 1)) | low_bits;
}

void cases_describe(const struct random_case *made, char *text, size_t size)
{
    static const char *const modes[] = {"real16",   "vm86",     "prot16", "prot32",
                                        "compat16", "compat32", "long64"};
    int used = snprintf(text, size, "%s %s:", modes[made->mode],
                        ZydisMnemonicGetString(made->model.insn.mnemonic));
    for (unsigned i = 0; i < made->size && used > 0 && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, " %02x", made->code[i]);
    for (size_t i = 0; i < made->accesses && used > 0 && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, ", %u bytes at %#llx",
                         made->access[i].size, (unsigned long long)made->access[i].linear);
}
