/* SPDX-License-Identifier: MIT */
#include "reach.h"

#include "decode.h"

#define CR0_PE   1u
#define FLAG_VM  (1u << 17)
#define LINEAR32 UINT64_C(0xffffffff)

struct reaching {
    const struct wht_known_state *state;
    enum wht_code code;
    const ZydisDecodedInstruction *insn;
    const ZydisDecodedOperand *operands;
    struct wht_reach *reach;
};

static const WHV_REGISTER_VALUE *find(const struct reaching *r, WHV_REGISTER_NAME name)
{
    return r->state->find(r->state->user, name);
}

static uint64_t mask_of(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* @return false if the register was not captured, or is none that a case can name. */
static bool value_of(const struct reaching *r, ZydisRegister reg, uint64_t *value)
{
    WHV_REGISTER_NAME name;
    if (!wht_reg_from_zydis(reg, &name) || (name > WHvX64RegisterR15 && name != WHvX64RegisterRip))
        return false;
    const WHV_REGISTER_VALUE *known = find(r, name);
    if (!known)
        return false;
    *value = known->Reg64 & mask_of(ZydisRegisterGetWidth(r->insn->machine_mode, reg));
    return true;
}

/* 3Eh before a near branch is NOTRACK and a segment override; Zydis tells the first alone. */
static ZydisRegister segment_of(const struct reaching *r, const ZydisDecodedOperand *o)
{
    bool is_override = (r->insn->attributes & ZYDIS_ATTRIB_HAS_NOTRACK) &&
                       o->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN;
    return is_override ? ZYDIS_REGISTER_DS : o->mem.segment;
}

/* @return false if the segment was not captured. */
static bool base_of(const struct reaching *r, ZydisRegister segment, uint64_t *base)
{
    bool is_based =
        r->code != WHT_CODE_64 || segment == ZYDIS_REGISTER_FS || segment == ZYDIS_REGISTER_GS;
    *base = 0;
    if (segment == ZYDIS_REGISTER_NONE || !is_based)
        return true;
    WHV_REGISTER_NAME name;
    const WHV_REGISTER_VALUE *known = wht_reg_from_zydis(segment, &name) ? find(r, name) : NULL;
    *base = known ? known->Segment.Base : 0;
    return known != NULL;
}

static bool is_stack_register(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_SP || reg == ZYDIS_REGISTER_ESP || reg == ZYDIS_REGISTER_RSP;
}

/* The stack's width is that of SS, not of the instruction. */
static unsigned stack_bits(const struct reaching *r)
{
    const WHV_REGISTER_VALUE *ss = find(r, WHvX64RegisterSs);
    if (r->code == WHT_CODE_64)
        return 64;
    return ss && ss->Segment.Default ? 32 : 16;
}

/* BT and its kin with a register: the offset leads away from the operand. */
static bool add_bit_offset(const struct reaching *r, const ZydisDecodedOperand *memory,
                           uint64_t *offset)
{
    const ZydisDecodedOperand *bit = &r->operands[1];
    uint64_t value = 0;
    switch (r->insn->mnemonic) {
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTS:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTC:
        break;
    default:
        return true;
    }
    if (memory != &r->operands[0] || bit->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return true;
    if (!value_of(r, bit->reg.value, &value))
        return false;
    const unsigned width = memory->size;
    int64_t distance = width == 64   ? (int64_t)value
                       : width == 32 ? (int64_t)(int32_t)(uint32_t)value
                                     : (int64_t)(int16_t)(uint16_t)value;
    int64_t units = distance / (int64_t)width - (distance % (int64_t)width < 0);
    *offset += (uint64_t)(units * (int64_t)(width / 8));
    return true;
}

/* SIB base 5 with mod 0 is a displacement alone; Zydis 4.0 names R13D there, and no displacement,
 * under 67h with REX.B. */
static bool has_no_base(const struct reaching *r, const ZydisDecodedOperand *o)
{
    return r->insn->raw.sib.offset != 0 && o->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
           r->insn->raw.modrm.mod == 0 && r->insn->raw.sib.base == 5;
}

/* POP computes the address of its operand after the stack pointer has moved. */
static uint64_t after_pop(const struct reaching *r, const ZydisDecodedOperand *o, uint64_t base)
{
    const uint64_t mask = mask_of(stack_bits(r));
    bool is_popped = r->insn->mnemonic == ZYDIS_MNEMONIC_POP &&
                     o->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
                     is_stack_register(o->mem.base);
    return is_popped ? (base & ~mask) | ((base + o->size / 8) & mask) : base;
}

/* @return whether every register of the address is known. */
static bool find_offset(const struct reaching *r, const ZydisDecodedOperand *o, uint64_t *offset)
{
    const bool is_bare = has_no_base(r, o);
    const ZydisRegister base_reg = is_bare ? ZYDIS_REGISTER_NONE : o->mem.base;
    bool is_on_stack =
        o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && is_stack_register(o->mem.base);
    const ZydisRegister index_reg =
        r->insn->mnemonic == ZYDIS_MNEMONIC_XLAT ? ZYDIS_REGISTER_AL : o->mem.index;
    const unsigned scale = o->mem.scale ? o->mem.scale : 1;
    uint64_t base = 0;
    uint64_t index = 0;
    if ((base_reg != ZYDIS_REGISTER_NONE && !value_of(r, base_reg, &base)) ||
        (index_reg != ZYDIS_REGISTER_NONE && !value_of(r, index_reg, &index)))
        return false;
    *offset = after_pop(r, o, base) + index * scale +
              (uint64_t)(is_bare ? r->insn->raw.disp.value : o->mem.disp.value);
    if (base_reg == ZYDIS_REGISTER_RIP || base_reg == ZYDIS_REGISTER_EIP)
        *offset += r->insn->length;
    if (is_on_stack && (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
        *offset -= o->size / 8; /* pushed below */
    if (!add_bit_offset(r, o, offset))
        return false;
    *offset &= mask_of(is_on_stack ? stack_bits(r) : r->insn->address_width);
    return true;
}

static void add_place(const struct reaching *r, const ZydisDecodedOperand *o)
{
    struct wht_reach *reach = r->reach;
    uint64_t offset = 0;
    uint64_t base = 0;
    if (o->mem.type == ZYDIS_MEMOP_TYPE_AGEN || !o->actions)
        return;
    if (o->mem.type != ZYDIS_MEMOP_TYPE_MEM || o->size < 8 || reach->count == WHT_REACHED_MAX) {
        reach->is_open = true;
        return;
    }
    bool is_known = find_offset(r, o, &offset) && base_of(r, segment_of(r, o), &base);
    reach->places[reach->count++] = (struct wht_reached){
        .is_known = is_known,
        .linear = (base + offset) & reach->mask,
        .size = o->size / 8,
        .is_read = (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0,
        .is_written = (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0,
    };
}

static bool is_protected(const struct reaching *r)
{
    const WHV_REGISTER_VALUE *cr0 = find(r, WHvX64RegisterCr0);
    const WHV_REGISTER_VALUE *flags = find(r, WHvX64RegisterRflags);
    return !cr0 || !flags || ((cr0->Reg64 & CR0_PE) && !(flags->Reg64 & FLAG_VM));
}

/* Port instructions without the privilege ask the task state's bitmap. */
static bool asks_bitmap(const struct reaching *r)
{
    const WHV_REGISTER_VALUE *flags = find(r, WHvX64RegisterRflags);
    return !flags || (flags->Reg64 & FLAG_VM) || r->state->cpl > (flags->Reg64 >> 12 & 3);
}

/* Loads of a segment register read a descriptor, and may mark it as accessed. */
static bool loads_segment(const struct reaching *r)
{
    for (size_t i = 0; i < r->insn->operand_count; i++)
        if (r->operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            ZydisRegisterGetClass(r->operands[i].reg.value) == ZYDIS_REGCLASS_SEGMENT &&
            (r->operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            return true;
    return false;
}

static bool may_reach_more(const struct reaching *r)
{
    if (is_protected(r) && loads_segment(r))
        return true;
    switch (r->insn->meta.category) {
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
        return asks_bitmap(r);
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_VTX:
    case ZYDIS_CATEGORY_XSAVE:
    case ZYDIS_CATEGORY_XSAVEOPT:
        return true;
    default:
        break;
    }
    switch (r->insn->mnemonic) {
    case ZYDIS_MNEMONIC_LAR:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_VERR:
    case ZYDIS_MNEMONIC_VERW:
    case ZYDIS_MNEMONIC_LLDT:
    case ZYDIS_MNEMONIC_LTR:
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ:
    case ZYDIS_MNEMONIC_ENTER:
    case ZYDIS_MNEMONIC_PUSHA:
    case ZYDIS_MNEMONIC_PUSHAD:
    case ZYDIS_MNEMONIC_POPA:
    case ZYDIS_MNEMONIC_POPAD:
    case ZYDIS_MNEMONIC_MOVDIR64B:
    case ZYDIS_MNEMONIC_ENQCMD:
    case ZYDIS_MNEMONIC_ENQCMDS:
        return true;
    default:
        return r->insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
    }
}

bool wht_reach(enum wht_code code, const uint8_t *bytes, size_t count,
               const struct wht_known_state *state, struct wht_reach *reach)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    struct reaching r = {
        .state = state, .code = code, .insn = &insn, .operands = operands, .reach = reach};
    *reach = (struct wht_reach){.mask = r.code == WHT_CODE_64 ? UINT64_MAX : LINEAR32};
    if (!wht_decode(code, bytes, count, &insn, operands))
        return false;
    reach->length = insn.length;
    for (size_t i = 0; i < insn.operand_count; i++)
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            add_place(&r, &operands[i]);
    if (may_reach_more(&r))
        reach->is_open = true;
    return true;
}
