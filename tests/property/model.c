/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <string.h>

#define WRITES (ZYDIS_OPERAND_ACTION_WRITE | ZYDIS_OPERAND_ACTION_CONDWRITE)
#define READS  (ZYDIS_OPERAND_ACTION_READ | ZYDIS_OPERAND_ACTION_CONDREAD)

static bool is_16bit(enum guest_mode mode)
{
    return mode == GUEST_REAL16 || mode == GUEST_VM86 || mode == GUEST_PROT16 ||
           mode == GUEST_COMPAT16;
}

static bool has_misread_base(const ZydisDecodedInstruction *insn)
{
    return (insn->attributes & ZYDIS_ATTRIB_HAS_SIB) && insn->raw.modrm.mod == 0 &&
           insn->raw.sib.base == 5 && insn->raw.rex.B;
}

bool model_decode(struct model *model, enum guest_mode mode, const uint8_t *bytes, size_t count)
{
    ZydisDecoder decoder;
    model->mode = mode;
    if (mode == GUEST_LONG64)
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    else if (!is_16bit(mode))
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    else
        ZydisDecoderInit(&decoder,
                         mode == GUEST_REAL16 || mode == GUEST_VM86 ? ZYDIS_MACHINE_MODE_REAL_16
                                                                    : ZYDIS_MACHINE_MODE_LEGACY_16,
                         ZYDIS_STACK_WIDTH_16);
    /* Nobody sells MPX or Knights Corner, and AMD's processors know no PREFETCH of a register. */
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, count, &model->insn, model->operand)))
        return false;
    /* 3Eh is the override to DS as well. SDM 1, 17.3.1. */
    if ((model->insn.attributes & ZYDIS_ATTRIB_HAS_NOTRACK) && mode != GUEST_LONG64)
        model->operand[0].mem.segment = ZYDIS_REGISTER_DS;
    /* Nor is F3 90 PAUSE with REX.B: SDM 2B, "XCHG". */
    if (model->insn.mnemonic == ZYDIS_MNEMONIC_PAUSE && model->insn.raw.rex.B)
        return false;
    return !has_misread_base(&model->insn) && model->insn.meta.isa_set != ZYDIS_ISA_SET_KNCV &&
           !(model->insn.mnemonic == ZYDIS_MNEMONIC_NOP && model->insn.opcode == 0x0d);
}

bool model_is_string(const struct model *model)
{
    return model->insn.meta.category == ZYDIS_CATEGORY_STRINGOP ||
           model->insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
}

bool model_repeats(const struct model *model)
{
    return model_is_string(model) &&
           (model->insn.attributes &
            (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
}

int model_name(ZydisRegister reg)
{
    if (reg == ZYDIS_REGISTER_MXCSR)
        return WHvX64RegisterXmmControlStatus;
    if (reg >= ZYDIS_REGISTER_X87CONTROL && reg <= ZYDIS_REGISTER_X87TAG)
        return WHvX64RegisterFpControlStatus;
    switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
        reg = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
        return WHvX64RegisterRax + ZydisRegisterGetId(reg);
    case ZYDIS_REGCLASS_SEGMENT:
        return WHvX64RegisterEs + ZydisRegisterGetId(reg);
    case ZYDIS_REGCLASS_X87:
    case ZYDIS_REGCLASS_MMX:
        return WHvX64RegisterFpMmx0 + ZydisRegisterGetId(reg);
    case ZYDIS_REGCLASS_XMM:
        return WHvX64RegisterXmm0 + ZydisRegisterGetId(reg);
    case ZYDIS_REGCLASS_FLAGS:
        return WHvX64RegisterRflags;
    case ZYDIS_REGCLASS_IP:
        return WHvX64RegisterRip;
    default:
        return -1;
    }
}

static uint64_t mask_of_bits(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static uint64_t sign_extended(uint64_t value, unsigned bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);
    return ((value & mask_of_bits(bits)) ^ sign) - sign;
}

static uint64_t value_of(struct guest *guest, ZydisRegister reg)
{
    int name = model_name(reg);
    if (reg == ZYDIS_REGISTER_NONE || name < 0)
        return 0;
    return guest_get64(guest, (WHV_REGISTER_NAME)name);
}

/* MOVDIR64B has a hidden operand too, whose base may be any register. */
static bool is_stack(const struct model *model, const ZydisDecodedOperand *operand)
{
    return model->insn.mnemonic != ZYDIS_MNEMONIC_MOVDIR64B &&
           operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
           model_name(operand->mem.base) == WHvX64RegisterRsp;
}

static uint64_t stack_mask(const struct model *model, struct guest *guest)
{
    bool is_wide = guest_reg(guest, WHvX64RegisterSs)->Segment.Default;
    return model->mode == GUEST_LONG64 ? UINT64_MAX : mask_of_bits(is_wide ? 32 : 16);
}

static uint64_t stack_offset(const struct model *model, struct guest *guest,
                             const ZydisDecodedOperand *operand)
{
    uint64_t rsp = guest_get64(guest, WHvX64RegisterRsp);
    if (operand->actions & WRITES)
        rsp -= operand->size / 8u;
    return rsp & stack_mask(model, guest);
}

/* POP computes an address with the rSP that it leaves, of which the stack's width has changed. */
static uint64_t popped(const struct model *model, struct guest *guest, unsigned size)
{
    const uint64_t mask = stack_mask(model, guest);
    uint64_t rsp = guest_get64(guest, WHvX64RegisterRsp);
    return ((rsp & ~mask) | ((rsp + size) & mask)) - rsp;
}

/* What is added to an address besides what ModRM says: SDM 2A, "BT"; 2B, "POP"; 2D, "XLAT". */
static uint64_t extra(const struct model *model, struct guest *guest,
                      const ZydisDecodedOperand *operand)
{
    const ZydisDecodedOperand *second = &model->operand[1];
    switch (model->insn.mnemonic) {
    case ZYDIS_MNEMONIC_XLAT:
        return guest_get64(guest, WHvX64RegisterRax) & 0xff;
    case ZYDIS_MNEMONIC_POP:
        if (model_name(operand->mem.base) != WHvX64RegisterRsp)
            return 0;
        return popped(model, guest, operand->size / 8u);
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTC:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTS:
        if (second->type != ZYDIS_OPERAND_TYPE_REGISTER)
            return 0;
        uint64_t bit = sign_extended(value_of(guest, second->reg.value), second->size);
        return ((bit & ~(uint64_t)(second->size - 1u)) >> 3) | (bit >> 63 ? ~(UINT64_MAX >> 3) : 0);
    default:
        return 0;
    }
}

static uint64_t offset_of(const struct model *model, struct guest *guest,
                          const ZydisDecodedOperand *operand, uint64_t element)
{
    bool goes_down = guest_get64(guest, WHvX64RegisterRflags) & 0x400;
    uint64_t distance = element * (operand->size / 8u);
    uint64_t base = value_of(guest, operand->mem.base) + (goes_down ? 0 - distance : distance);
    if (is_stack(model, operand))
        return stack_offset(model, guest, operand);
    if (model_name(operand->mem.base) == WHvX64RegisterRip)
        base += model->insn.length;
    /* With 16-bit addresses Zydis gives an index no scale. */
    unsigned scale = operand->mem.scale ? operand->mem.scale : 1;
    uint64_t offset = base + value_of(guest, operand->mem.index) * scale +
                      (uint64_t)operand->mem.disp.value + extra(model, guest, operand);
    return offset & mask_of_bits(model->insn.address_width);
}

/*
 * Zydis 4.0 gives MOVDIR64B's destination the override that is the source's. SDM 2B, "MOVDIR64B".
 */
static ZydisRegister segment_of(const struct model *model, const ZydisDecodedOperand *operand)
{
    bool is_destination = model->insn.mnemonic == ZYDIS_MNEMONIC_MOVDIR64B &&
                          operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
    return is_destination ? ZYDIS_REGISTER_ES : operand->mem.segment;
}

static bool has_base(const struct model *model, WHV_REGISTER_NAME segment)
{
    return model->mode != GUEST_LONG64 || segment == WHvX64RegisterFs ||
           segment == WHvX64RegisterGs;
}

static struct model_access access_of(const struct model *model, struct guest *guest,
                                     const ZydisDecodedOperand *operand, uint64_t element)
{
    struct model_access access = {.operand = operand,
                                  .size = operand->size / 8u,
                                  .is_read = (operand->actions & READS) != 0,
                                  .is_written = (operand->actions & WRITES) != 0};
    if (model_is_line(model)) {
        access.size = 1;
        access.is_checked_alone = true;
    }
    access.segment = (WHV_REGISTER_NAME)model_name(segment_of(model, operand));
    access.offset = offset_of(model, guest, operand, element);
    access.linear = access.offset;
    if (has_base(model, access.segment))
        access.linear += guest_reg(guest, access.segment)->Segment.Base;
    if (model->mode != GUEST_LONG64)
        access.linear &= UINT32_MAX;
    return access;
}

/* The elements that the mask chooses, of an access to all; each has its own address. */
static size_t chosen_accesses(const struct model *model, struct guest *guest,
                              struct model_access access[MODEL_ACCESSES])
{
    const struct model_access all = access[0];
    const unsigned size = model_masked(model);
    const uint64_t bytes = model_stored_bytes(model, guest);
    const uint64_t mask = model->mode == GUEST_LONG64 ? UINT64_MAX : UINT32_MAX;
    size_t count = 0;
    for (unsigned at = 0; at < all.size; at += size) {
        if (!(bytes >> at & 1))
            continue;
        access[count] = all;
        access[count].size = size;
        access[count].offset = (all.offset + at) & mask_of_bits(model->insn.address_width);
        access[count].linear = (all.linear - all.offset + access[count].offset) & mask;
        count++;
    }
    return count;
}

size_t model_accesses(const struct model *model, struct guest *guest, uint64_t element,
                      struct model_access access[MODEL_ACCESSES])
{
    size_t count = 0;
    for (unsigned i = 0; i < model->insn.operand_count && count < MODEL_ACCESSES; i++) {
        const ZydisDecodedOperand *operand = &model->operand[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
            operand->mem.type == ZYDIS_MEMOP_TYPE_MEM && !model_is_hint(model))
            access[count++] = access_of(model, guest, operand, element);
    }
    return model_masked(model) && count == 1 ? chosen_accesses(model, guest, access) : count;
}

static bool is_canonical(uint64_t address, unsigned bits)
{
    return sign_extended(address, bits) == address;
}

/* SDM 3A, 3.4.5.1: bit 3 code; bit 1 writable data or readable code; bit 2 expand-down data. */
static bool is_allowed_by_type(const WHV_X64_SEGMENT_REGISTER *segment,
                               const struct model_access *access)
{
    bool is_code = segment->SegmentType & 8;
    if (!segment->Present || !segment->NonSystemSegment)
        return false;
    if (access->is_written && (is_code || !(segment->SegmentType & 2)))
        return false;
    /* CLFLUSH may name code that cannot be read. SDM 2A, "CLFLUSH". */
    return !(access->is_read && !access->is_checked_alone && is_code &&
             !(segment->SegmentType & 2));
}

static bool is_within_limit(const WHV_X64_SEGMENT_REGISTER *segment,
                            const struct model_access *access)
{
    uint64_t last = access->offset + access->size - 1;
    bool expands_down = (segment->SegmentType & 0xc) == 4;
    if (!expands_down)
        return last <= segment->Limit;
    return access->offset > segment->Limit && last <= (segment->Default ? UINT32_MAX : 0xffff);
}

unsigned model_trouble(const struct model *model, struct guest *guest,
                       const struct model_access *access)
{
    const WHV_X64_SEGMENT_REGISTER *segment = &guest_reg(guest, access->segment)->Segment;
    if (model->mode == GUEST_LONG64) {
        int base = model_name(access->operand->mem.base);
        bool has_stack_base = base == WHvX64RegisterRsp || base == WHvX64RegisterRbp;
        bool is_stack_access = has_stack_base && !has_base(model, access->segment) &&
                               access->segment != WHvX64RegisterEs;
        unsigned bits = guest_get64(guest, WHvX64RegisterCr4) & 0x1000 ? 57 : 48;
        bool is_fine = is_canonical(access->linear, bits) &&
                       is_canonical(access->linear + access->size - 1, bits);
        return is_fine ? 0 : is_stack_access ? 12 : 13;
    }
    bool is_fine = is_within_limit(segment, access);
    if (model->mode != GUEST_REAL16 && model->mode != GUEST_VM86)
        is_fine = is_fine && is_allowed_by_type(segment, access);
    return is_fine ? 0 : access->segment == WHvX64RegisterSs ? 12 : 13;
}

static bool is_register(const ZydisDecodedOperand *operand, WHV_REGISTER_NAME name)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           model_name(operand->reg.value) == (int)name;
}

/* Zydis does not list the pointers of INS and OUTS as registers. */
static bool is_string_pointer(const struct model *model, WHV_REGISTER_NAME name)
{
    for (unsigned i = 0; i < model->insn.operand_count; i++) {
        const ZydisDecodedOperand *operand = &model->operand[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
            model_name(operand->mem.base) == (int)name)
            return model_is_string(model);
    }
    return false;
}

static bool loads_segment(const struct model *model)
{
    const ZydisDecodedOperand *first = &model->operand[0];
    return first->type == ZYDIS_OPERAND_TYPE_REGISTER && (first->actions & WRITES) &&
           ZydisRegisterGetClass(first->reg.value) == ZYDIS_REGCLASS_SEGMENT;
}

static bool is_read_by(const ZydisDecodedOperand *operand, WHV_REGISTER_NAME name)
{
    if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
        return model_name(operand->mem.base) == (int)name ||
               model_name(operand->mem.index) == (int)name ||
               (model_name(operand->mem.segment) == (int)name &&
                operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN);
    if (!is_register(operand, name))
        return false;
    /* What may stay as it is, in part or as a whole, counts as read. */
    const bool is_xmm = ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_XMM;
    return (operand->actions & (READS | ZYDIS_OPERAND_ACTION_CONDWRITE)) ||
           operand->size < (is_xmm ? 128 : 32);
}

bool model_may_read(const struct model *model, WHV_REGISTER_NAME name)
{
    bool is_table = name == WHvX64RegisterGdtr || name == WHvX64RegisterLdtr;
    if (name == WHvRegisterInterruptState)
        return true; /* emulation must not depend on when it is asked for */
    if (model_sees(model, name))
        return true;
    if (is_table)
        return loads_segment(model);
    for (unsigned i = 0; i < model->insn.operand_count && !model_is_hint(model); i++) {
        if (is_read_by(&model->operand[i], name))
            return true;
    }
    return name == WHvX64RegisterRcx && model_repeats(model);
}

static bool writes(const struct model *model, WHV_REGISTER_NAME name, unsigned actions)
{
    for (unsigned i = 0; i < model->insn.operand_count; i++) {
        const ZydisDecodedOperand *operand = &model->operand[i];
        if (is_register(operand, name) && (operand->actions & actions) != 0)
            return true;
    }
    return false;
}

/* Zydis has no operand for what CMC and STD write. */
static bool changes_flags(const struct model *model)
{
    return (model_flags_written(model) | model_other_flags(model)) != 0;
}

bool model_may_write(const struct model *model, WHV_REGISTER_NAME name)
{
    if (name == WHvX64RegisterRflags && changes_flags(model))
        return true;
    return writes(model, name, WRITES) || model_may_change(model, name) ||
           is_string_pointer(model, name) || (name == WHvX64RegisterRcx && model_repeats(model));
}

bool model_must_write(const struct model *model, WHV_REGISTER_NAME name)
{
    /* With nothing found BSF and BSR leave their destination alone; DIV has no flags to write. */
    bool is_scan =
        model->insn.mnemonic == ZYDIS_MNEMONIC_BSF || model->insn.mnemonic == ZYDIS_MNEMONIC_BSR;
    if (name == WHvX64RegisterRflags)
        return writes(model, name, ZYDIS_OPERAND_ACTION_WRITE) && model_flags_written(model) != 0 &&
               !model_may_keep_flags(model);
    /* LSL likewise; of what is no operand only what changes is written. */
    if (model_selects(model) || model_may_change(model, name))
        return false;
    return !is_scan && (writes(model, name, ZYDIS_OPERAND_ACTION_WRITE) ||
                        (is_string_pointer(model, name) && !model_repeats(model)));
}

uint64_t model_flags_read(const struct model *model)
{
    return model->insn.cpu_flags ? model->insn.cpu_flags->tested & MODEL_STATUS_FLAGS : 0;
}

/* Beside ZF and CF, all others: Zydis 4.0 leaves it out. SDM 2B, "PTEST"; 2C, "VTESTPD/VTESTPS". */
static bool clears_flags(ZydisMnemonic mnemonic)
{
    return mnemonic == ZYDIS_MNEMONIC_VPTEST || mnemonic == ZYDIS_MNEMONIC_VTESTPS ||
           mnemonic == ZYDIS_MNEMONIC_VTESTPD;
}

uint64_t model_flags_written(const struct model *model)
{
    const ZydisAccessedFlags *flags = model->insn.cpu_flags;
    if (clears_flags(model->insn.mnemonic))
        return MODEL_STATUS_FLAGS;
    return flags ? (flags->modified | flags->set_0 | flags->set_1) & MODEL_STATUS_FLAGS : 0;
}

uint64_t model_other_flags(const struct model *model)
{
    const ZydisAccessedFlags *flags = model->insn.cpu_flags;
    return flags ? (flags->modified | flags->set_0 | flags->set_1) &
                       ~(MODEL_STATUS_FLAGS | ZYDIS_CPUFLAG_RF)
                 : 0;
}

uint64_t model_flags_undefined(const struct model *model)
{
    return model->insn.cpu_flags ? model->insn.cpu_flags->undefined & MODEL_STATUS_FLAGS : 0;
}

bool model_may_keep_flags(const struct model *model)
{
    return model_repeats(model) || model->insn.meta.category == ZYDIS_CATEGORY_SHIFT ||
           model->insn.meta.category == ZYDIS_CATEGORY_ROTATE;
}

bool model_may_be_unknown(const struct model *model)
{
    for (unsigned i = 0; i < 2; i++) {
        const ZydisDecodedOperand *operand = &model->operand[i];
        if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
            continue;
        ZydisRegisterClass kind = ZydisRegisterGetClass(operand->reg.value);
        if (kind == ZYDIS_REGCLASS_CONTROL || kind == ZYDIS_REGCLASS_DEBUG)
            return true;
    }
    return false;
}

bool model_is_branch(const struct model *model)
{
    return model->insn.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE;
}

bool model_target(const struct model *model, uint64_t next_rip, uint64_t *rip)
{
    const ZydisDecodedOperand *target = &model->operand[0];
    const unsigned width = model->insn.operand_width;
    if (target->type != ZYDIS_OPERAND_TYPE_IMMEDIATE || !target->imm.is_relative)
        return false;
    *rip = next_rip + target->imm.value.u;
    if (width < 64)
        *rip &= (UINT64_C(1) << width) - 1;
    return true;
}
