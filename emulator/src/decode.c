/* SPDX-License-Identifier: MIT */
#include "decode.h"

#include <Zydis/Zydis.h>

#include "bits.h"
#include "call.h"
#include "host.h"
#include "translate.h"

struct row {
    enum whe_insn_id id;
    enum whe_operation operation;
    unsigned traits;
};

static struct row row_from_mnemonic(ZydisMnemonic mnemonic)
{
    switch (mnemonic) {
#define WHE_STRING(id, mnemonic, handler, operation, traits)
#define WHE_INSN(id, mnemonic, handler, operation, traits)                                         \
    case ZYDIS_MNEMONIC_##mnemonic:                                                                \
        return (struct row){WHE_INSN_##id, WHE_OP_##operation, traits};
#include "insn_table.def"
    default:
        return (struct row){.id = WHE_INSN_NONE};
    }
}

static struct row row_from_string_mnemonic(ZydisMnemonic mnemonic)
{
    switch (mnemonic) {
#define WHE_INSN(id, mnemonic, handler, operation, traits)
#define WHE_STRING(id, mnemonic, handler, operation, traits)                                       \
    case ZYDIS_MNEMONIC_##mnemonic:                                                                \
        return (struct row){WHE_INSN_##id, WHE_OP_##operation, traits};
#include "insn_table.def"
    default:
        return (struct row){.id = WHE_INSN_NONE};
    }
}

static bool is_string(const ZydisDecodedInstruction *decoded)
{
    return decoded->meta.category == ZYDIS_CATEGORY_STRINGOP ||
           decoded->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
}

/* Registers of the shadow; WHE_REG_ZERO for none, WHE_REG_COUNT + 1 for what the shadow does not
 * hold. */
#define REG_UNKNOWN (WHE_REG_COUNT + 1)

static unsigned reg_from_zydis(ZydisRegister reg)
{
    if (reg == ZYDIS_REGISTER_NONE)
        return WHE_REG_ZERO;
    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP)
        return WHE_REG_RIP;
    if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL)
        return WHE_REG_RAX + (unsigned)(reg - ZYDIS_REGISTER_AL);
    if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH)
        return WHE_REG_RAX + (unsigned)(reg - ZYDIS_REGISTER_AH);
    if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B)
        return WHE_REG_RSP + (unsigned)(reg - ZYDIS_REGISTER_SPL);
    if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W)
        return WHE_REG_RAX + (unsigned)(reg - ZYDIS_REGISTER_AX);
    if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D)
        return WHE_REG_RAX + (unsigned)(reg - ZYDIS_REGISTER_EAX);
    if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
        return WHE_REG_RAX + (unsigned)(reg - ZYDIS_REGISTER_RAX);
    if (reg >= ZYDIS_REGISTER_ES && reg <= ZYDIS_REGISTER_GS)
        return WHE_REG_ES + (unsigned)(reg - ZYDIS_REGISTER_ES);
    if (reg >= ZYDIS_REGISTER_XMM0 && reg <= ZYDIS_REGISTER_XMM15)
        return WHE_REG_XMM0 + (unsigned)(reg - ZYDIS_REGISTER_XMM0);
    return REG_UNKNOWN;
}

static bool is_segment(unsigned reg)
{
    return reg >= WHE_REG_ES && reg <= WHE_REG_GS;
}

static uint64_t bit_if_held(unsigned reg)
{
    return reg < WHE_REG_COUNT ? whe_reg_bit((enum whe_reg)reg) : 0;
}

/* In 64-bit mode only FS and GS have bases; DS stands for all others. SDM 1, 3.3.4. */
static unsigned segment_in_use(const struct whe_mode *mode, ZydisRegister segment)
{
    unsigned reg = reg_from_zydis(segment);
    if (mode->code == WHE_CODE64 && reg < WHE_REG_FS)
        return WHE_REG_DS;
    return reg;
}

static uint64_t reads_of_segment(const struct whe_mode *mode, unsigned segment)
{
    if (mode->code == WHE_CODE64 && segment < WHE_REG_FS)
        return 0;
    return bit_if_held(segment);
}

/* What loading a segment register looks at besides the selector. */
static uint64_t reads_of_segment_load(const struct whe_mode *mode, unsigned segment)
{
    uint64_t set = mode->protected_mode ? whe_reg_bit(WHE_REG_GDTR) | whe_reg_bit(WHE_REG_LDTR)
                                        : bit_if_held(segment);
    if (segment == WHE_REG_SS)
        set |= whe_reg_bit(WHE_REG_INTERRUPT_STATE);
    return set;
}

static uint64_t reads_of_register(const struct whe_mode *mode, const ZydisDecodedOperand *operand)
{
    unsigned reg = reg_from_zydis(operand->reg.value);
    /* What may be left as it is counts as read: CMOVcc, CMPXCHG. */
    bool is_read =
        (operand->actions & (ZYDIS_OPERAND_ACTION_MASK_READ | ZYDIS_OPERAND_ACTION_CONDWRITE)) != 0;
    bool is_written = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    if (reg >= WHE_REG_RIP)
        return 0;
    if (is_segment(reg) && is_written)
        return reads_of_segment_load(mode, reg);
    /* A write of 8 or 16 bits keeps the rest of the register. SDM 1, 3.4.1.1. */
    if (is_read || operand->size < 32)
        return bit_if_held(reg);
    return 0;
}

static uint64_t reads_of_operand(const struct whe_mode *mode, const ZydisDecodedOperand *operand)
{
    if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
        return reads_of_register(mode, operand);
    if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
        return 0;
    return bit_if_held(reg_from_zydis(operand->mem.base)) |
           bit_if_held(reg_from_zydis(operand->mem.index)) |
           reads_of_segment(mode, segment_in_use(mode, operand->mem.segment));
}

static unsigned intent_from_actions(ZydisOperandActions actions)
{
    unsigned intent = 0;
    if (actions & ZYDIS_OPERAND_ACTION_MASK_READ)
        intent |= WHE_INTENT_READ;
    if (actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
        intent |= WHE_INTENT_WRITE;
    return intent;
}

/* SS is the default segment of addresses based on rSP and rBP; in 64-bit mode overrides to it or
   away from it are ignored unless they name FS or GS. SDM 1, 3.7.4 and 2A, 2.2.1.7. */
static bool is_stack_access(const struct whe_mode *mode, unsigned segment, unsigned base)
{
    if (mode->code != WHE_CODE64)
        return segment == WHE_REG_SS;
    return segment < WHE_REG_FS && (base == WHE_REG_RSP || base == WHE_REG_RBP);
}

static void take_memory(const struct whe_mode *mode, const ZydisDecodedOperand *from,
                        struct whe_insn *insn)
{
    unsigned base = reg_from_zydis(from->mem.base);
    unsigned segment = segment_in_use(mode, from->mem.segment);
    unsigned size = from->size / 8u;
    uint64_t displacement = (uint64_t)from->mem.disp.value;
    if (base == WHE_REG_RIP)
        displacement += insn->length;

    insn->has_memory = true;
    insn->address = (struct whe_address){
        .base = (uint8_t)base,
        .index = (uint8_t)reg_from_zydis(from->mem.index),
        .scale = (uint8_t)(from->mem.scale ? __builtin_ctz(from->mem.scale) : 0),
        .displacement = displacement};
    insn->place = (struct whe_place){.segment = (enum whe_reg)segment,
                                     .is_flat = mode->code == WHE_CODE64 && segment < WHE_REG_FS,
                                     .is_stack = is_stack_access(mode, segment, base),
                                     .size = (uint8_t)size,
                                     .alignment = (uint8_t)(size <= 16 ? size : 1),
                                     .intent = intent_from_actions(from->actions),
                                     .last = (uint16_t)(WHE_PAGE_SIZE - size),
                                     .mask = size <= 8 ? whe_mask_from_size(size) : 0};
}

static bool take_register(const ZydisDecodedOperand *from, struct whe_operand *to)
{
    unsigned reg = reg_from_zydis(from->reg.value);
    bool is_xmm = reg >= WHE_REG_XMM0 && reg <= WHE_REG_XMM15;
    if (reg > WHE_REG_GS && !is_xmm)
        return false;
    to->kind = is_xmm ? WHE_OPERAND_XMM : is_segment(reg) ? WHE_OPERAND_SEGMENT : WHE_OPERAND_GPR;
    to->reg = (uint8_t)reg;
    if (from->reg.value >= ZYDIS_REGISTER_AH && from->reg.value <= ZYDIS_REGISTER_BH)
        to->shift = 8;
    return true;
}

/* @return false for an operand that no row of the table can have. */
static bool take_operand(const struct whe_mode *mode, const ZydisDecodedOperand *from,
                         struct whe_insn *insn, struct whe_operand *to)
{
    unsigned size = from->size / 8u;
    if (size < 1 || size > 64)
        return false;
    to->size = (uint8_t)size;
    to->mask = size <= 8 ? whe_mask_from_size(size) : 0;
    if (from->type == ZYDIS_OPERAND_TYPE_REGISTER)
        return take_register(from, to);
    if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        to->kind = WHE_OPERAND_IMMEDIATE;
        to->immediate = from->imm.value.u;
        return true;
    }
    if (from->type != ZYDIS_OPERAND_TYPE_MEMORY || from->mem.type != ZYDIS_MEMOP_TYPE_MEM)
        return false;
    to->kind = WHE_OPERAND_MEMORY;
    take_memory(mode, from, insn);
    return true;
}

static void take_string(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                        const ZydisDecodedOperand *operands, struct whe_insn *insn)
{
    const ZydisInstructionAttributes rep =
        ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
    bool compares = insn->operation == WHE_OP_CMPS || insn->operation == WHE_OP_SCAS;
    insn->repeats_while = !compares ? 2 : decoded->attributes & ZYDIS_ATTRIB_HAS_REPNE ? 0 : 1;
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type != ZYDIS_OPERAND_TYPE_MEMORY)
            continue;
        insn->element_size = (uint8_t)(operands[i].size / 8u);
        if (reg_from_zydis(operands[i].mem.base) == WHE_REG_RSI)
            insn->source_segment = (uint8_t)segment_in_use(mode, operands[i].mem.segment);
    }
    insn->repeats = (decoded->attributes & rep) != 0;
}

/* XLAT has no visible operands: AL receives the byte at rBX + AL. */
static bool take_xlat(const struct whe_mode *mode, const ZydisDecodedOperand *operands,
                      struct whe_insn *insn)
{
    ZydisDecodedOperand table = operands[0];
    table.mem.index = ZYDIS_REGISTER_NONE;
    return take_operand(mode, &operands[1], insn, &insn->operand[0]) &&
           take_operand(mode, &table, insn, &insn->operand[1]);
}

/* What PUSH and POP do to the stack stands in a hidden operand. */
static bool take_stack(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                       const ZydisDecodedOperand *operands, struct whe_insn *insn)
{
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            operands[i].visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
            insn->stack_size = (uint8_t)(operands[i].size / 8u);
    }
    insn->stack_mask = mode->code == WHE_CODE64 ? UINT64_MAX : 0;
    return insn->stack_size > 0 && insn->operand[0].kind != WHE_OPERAND_SEGMENT;
}

static bool take_operands(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                          const ZydisDecodedOperand *operands, struct whe_insn *insn)
{
    if (insn->traits & WHE_TRAIT_BYTE_INDEX)
        return take_xlat(mode, operands, insn);
    if (decoded->operand_count_visible > WHE_OPERANDS)
        return false;
    for (unsigned i = 0; i < decoded->operand_count_visible; i++) {
        if (!take_operand(mode, &operands[i], insn, &insn->operand[i]))
            return false;
    }
    if (insn->operation == WHE_OP_INC || insn->operation == WHE_OP_DEC)
        insn->operand[1] = (struct whe_operand){
            .kind = WHE_OPERAND_IMMEDIATE, .size = insn->operand[0].size, .immediate = 1};
    if (insn->traits & WHE_TRAIT_ALIGN16)
        insn->place.alignment = 1; /* #GP instead of #AC */
    return !(insn->traits & WHE_TRAIT_STACK) || take_stack(mode, decoded, operands, insn);
}

/* What access_table.def says of an instruction: whether its memory operands are accessed, and what
   is accessed besides. */
static bool accesses_operands(ZydisMnemonic mnemonic, unsigned *accesses)
{
    switch (mnemonic) {
#define WHE_ACCESS(mnemonic, operands, others)                                                     \
    case ZYDIS_MNEMONIC_##mnemonic:                                                                \
        *accesses |= (others);                                                                     \
        return (operands) != 0;
#include "access_table.def"
    default:
        return true;
    }
}

static bool writes_segment(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 &&
           is_segment(reg_from_zydis(operand->reg.value));
}

/* Descriptors, gates, the TSS: read and, for their accessed and busy bits, written. */
static bool uses_descriptors(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded)
{
    return decoded->meta.category == ZYDIS_CATEGORY_INTERRUPT ||
           (mode->protected_mode && decoded->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR);
}

/* The permission map is read unless CPL or the mode allow everything. */
static bool uses_port_map(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded)
{
    return (decoded->meta.category == ZYDIS_CATEGORY_IO ||
            decoded->meta.category == ZYDIS_CATEGORY_IOSTRINGOP) &&
           (mode->vm86 || (mode->protected_mode && mode->cpl > 0));
}

/* @return a mask of whe_intent: what data accesses the instruction can make, with or without a row
   of its own. */
static unsigned data_accesses(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                              const ZydisDecodedOperand *operands)
{
    const unsigned all = WHE_INTENT_READ | WHE_INTENT_WRITE;
    unsigned accesses = 0;
    bool are_accessed = accesses_operands(decoded->mnemonic, &accesses);
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY && are_accessed)
            accesses |= operands[i].mem.type == ZYDIS_MEMOP_TYPE_MIB
                            ? all
                            : intent_from_actions(operands[i].actions);
        if (mode->protected_mode && writes_segment(&operands[i]))
            accesses |= all;
    }
    if (uses_descriptors(mode, decoded))
        accesses |= all;
    if (uses_port_map(mode, decoded))
        accesses |= WHE_INTENT_READ;
    return accesses;
}

/* Code may run from a device whatever it does. A port access that is no string operation is never
   decoded. */
static uint8_t exits_from_accesses(unsigned accesses, const ZydisDecodedInstruction *decoded)
{
    unsigned exits = 1u << WHE_EXIT_EXECUTE;
    if (accesses & WHE_INTENT_READ)
        exits |= 1u << WHE_EXIT_READ;
    if (accesses & WHE_INTENT_WRITE)
        exits |= 1u << WHE_EXIT_WRITE;
    if (decoded->meta.category == ZYDIS_CATEGORY_IOSTRINGOP)
        exits |= 1u << WHE_EXIT_IO;
    return (uint8_t)exits;
}

/* A memory operand at a register, with no rules of its own, and few registers to load: most
   instructions. */
static bool is_plain(const struct whe_insn *insn)
{
    const bool has_bit_offset =
        (insn->traits & WHE_TRAIT_BIT_STRING) && insn->operand[1].kind == WHE_OPERAND_GPR;
    return insn->is_planned && insn->address.base < WHE_REG_RIP && insn->reads.count > 0 &&
           !(insn->traits & (WHE_TRAIT_BYTE_INDEX | WHE_TRAIT_ALIGN16)) && !has_bit_offset &&
           insn->operand[0].kind != WHE_OPERAND_SEGMENT;
}

static void take(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                 const ZydisDecodedOperand *operands, struct whe_insn *insn)
{
    struct row row = is_string(decoded) ? row_from_string_mnemonic(decoded->mnemonic)
                                        : row_from_mnemonic(decoded->mnemonic);
    *insn = (struct whe_insn){.id = (uint8_t)row.id,
                              .operation = (uint8_t)row.operation,
                              .traits = (uint8_t)row.traits,
                              .length = decoded->length,
                              .address_mask = whe_mask_from_size(decoded->address_width / 8u)};
    insn->exits = exits_from_accesses(data_accesses(mode, decoded, operands), decoded);
    if (row.id == WHE_INSN_NONE)
        return;
    if (is_string(decoded))
        take_string(mode, decoded, operands, insn);
    else if (!take_operands(mode, decoded, operands, insn))
        insn->id = WHE_INSN_NONE;
    insn->is_planned = insn->has_memory && !(insn->traits & WHE_TRAIT_STACK);
    if (insn->is_planned && insn->place.size <= 8)
        insn->access = (uint8_t)insn->place.intent;

    uint64_t reads = insn->repeats ? whe_reg_bit(WHE_REG_RCX) : 0;
    for (unsigned i = 0; i < decoded->operand_count; i++)
        reads |= reads_of_operand(mode, &operands[i]);
    const uint64_t given = whe_reg_bit(WHE_REG_CS) | whe_reg_bit(WHE_REG_RIP);
    whe_batch_init(&insn->reads, reads & ~given);
    insn->is_plain = is_plain(insn);
}

static ZyanStatus init_decoder(const struct whe_mode *mode, ZydisDecoder *decoder)
{
    switch (mode->code) {
    case WHE_CODE64:
        return ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    case WHE_CODE32:
        return ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    default:
        return ZydisDecoderInit(decoder,
                                mode->protected_mode ? ZYDIS_MACHINE_MODE_LEGACY_16
                                                     : ZYDIS_MACHINE_MODE_REAL_16,
                                ZYDIS_STACK_WIDTH_16);
    }
}

/* Without a base (mod 0, SIB base 5) Zydis 4.0 takes r13d for one if 67h and REX.B are there: the
   encoding means a displacement alone, whatever REX.B is. SDM 2A, table 2-3 and 2.2.1.6. */
static void correct_base(const ZydisDecodedInstruction *decoded, ZydisDecodedOperand *operands)
{
    bool has_no_base = decoded->address_width != 16 && decoded->raw.modrm.mod == 0 &&
                       decoded->raw.modrm.rm == 4 && decoded->raw.sib.base == 5;
    if (!(decoded->attributes & ZYDIS_ATTRIB_HAS_SIB) || !has_no_base)
        return;
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type != ZYDIS_OPERAND_TYPE_MEMORY ||
            operands[i].encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM)
            continue;
        operands[i].mem.base = ZYDIS_REGISTER_NONE;
        operands[i].mem.disp.value = decoded->raw.disp.value;
    }
}

/* Opcodes that are there to be invalid: Zydis decodes them like others. SDM 2B, "UD". */
static bool is_undefined(ZydisMnemonic mnemonic)
{
    return mnemonic == ZYDIS_MNEMONIC_UD0 || mnemonic == ZYDIS_MNEMONIC_UD1 ||
           mnemonic == ZYDIS_MNEMONIC_UD2;
}

enum whe_decoded whe_decode(const struct whe_mode *mode, const uint8_t *bytes, size_t count,
                            struct whe_insn *insn)
{
    ZydisDecoder decoder;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(init_decoder(mode, &decoder)))
        return WHE_DECODED_INVALID;

    ZyanStatus status = ZydisDecoderDecodeFull(&decoder, bytes, count, &decoded, operands);
    if (status == ZYDIS_STATUS_NO_MORE_DATA)
        return count < WHE_INSN_MAX ? WHE_DECODED_MORE : WHE_DECODED_TOO_LONG;
    if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG)
        return WHE_DECODED_TOO_LONG;
    if (status == ZYDIS_STATUS_ILLEGAL_LOCK)
        return WHE_DECODED_BAD_LOCK;
    if (!ZYAN_SUCCESS(status) || is_undefined(decoded.mnemonic))
        return WHE_DECODED_INVALID;
    correct_base(&decoded, operands);
    take(mode, &decoded, operands, insn);
    return WHE_DECODED_OK;
}
