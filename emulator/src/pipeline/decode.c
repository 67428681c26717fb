/* SPDX-License-Identifier: MIT */
/*
 * The decoder tells of each instruction which operands it has, explicit and implicit, how large
 * they are and whether they are read or written; the row of the table tells the rest. From both
 * comes what the pipeline needs: operands, places in memory, the registers to load. No mnemonic
 * stands in this file.
 */
#include "decode.h"

#include <Zydis/Zydis.h>

#include "bits.h"
#include "call.h"
#include "checks.h"
#include "decode_parts.h"
#include "decode_processor.h"
#include "extras.h"
#include "host.h"
#include "translate.h"

_Static_assert(WHE_OPERANDS <= 8, "sets of operands are kept in 8 bits");

static void add_if_held(struct whe_set *set, unsigned reg)
{
    if (reg < WHE_REG_COUNT)
        whe_set_add(set, reg);
}

static bool is_in_es_always(const struct whe_insn *insn, const ZydisDecodedOperand *operand)
{
    return (insn->traits & WHE_TRAIT_TO_ES) &&
           operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
}

/* In 64-bit mode only FS and GS have bases; DS stands for all others. SDM 1, 3.3.4. */
static unsigned segment_in_use(const struct whe_mode *mode, const struct whe_insn *insn,
                               const ZydisDecodedOperand *operand)
{
    unsigned reg = reg_from_zydis(operand->mem.segment);
    if (is_in_es_always(insn, operand))
        reg = WHE_REG_ES;
    if (mode->code == WHE_CODE64 && reg < WHE_REG_FS)
        return WHE_REG_DS;
    return reg;
}

/* What may be left as it is counts as read, as a whole (CMOVcc, CMPXCHG), or in part: of an XMM
   register less than 16 bytes (MOVLPS; MOVSS between registers, but not from memory, which clears
   the rest). */
static unsigned access_of(const ZydisDecodedOperand *operand)
{
    const ZydisOperandActions reads =
        ZYDIS_OPERAND_ACTION_MASK_READ | ZYDIS_OPERAND_ACTION_CONDWRITE;
    unsigned access = intent_from_actions(operand->actions);
    if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return access;
    if ((operand->actions & reads) || (operand->size < 128 && is_xmm(operand->reg.value)) ||
        ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_CONTROL)
        access |= WHE_INTENT_READ;
    return access;
}

/* SS is the default segment of addresses based on rSP and rBP; in 64-bit mode overrides to it or
   away from it are ignored unless they name FS or GS. SDM 1, 3.7.4 and 2A, 2.2.1.7. */
static bool is_stack_access(const struct whe_mode *mode, unsigned segment, unsigned base)
{
    if (mode->code != WHE_CODE64)
        return segment == WHE_REG_SS;
    return segment < WHE_REG_FS && (base == WHE_REG_RSP || base == WHE_REG_RBP);
}

/* What loading a segment register looks at besides the selector. */
static void read_for_segment_load(const struct whe_mode *mode, unsigned segment,
                                  struct whe_set *set)
{
    if (mode->protected_mode) {
        whe_set_add(set, WHE_REG_GDTR);
        whe_set_add(set, WHE_REG_LDTR);
    } else {
        whe_set_add(set, segment);
    }
    if (segment == WHE_REG_SS)
        whe_set_add(set, WHE_REG_INTERRUPT_STATE);
}

static void read_register(const struct whe_mode *mode, const ZydisDecodedOperand *operand,
                          struct whe_set *set)
{
    const unsigned reg = reg_from_zydis(operand->reg.value);
    /* The exit tells RFLAGS, RIP and CS. */
    if (reg == WHE_REG_RFLAGS || reg == WHE_REG_RIP || reg == WHE_REG_CS)
        return;
    const bool is_written = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    if (loads_segment(operand))
        read_for_segment_load(mode, reg, set);
    else if (reg == WHE_REG_LDTR || reg == WHE_REG_TR)
        whe_set_add(set, is_written ? WHE_REG_GDTR : reg);
    else if (reg == WHE_REG_GDTR || reg == WHE_REG_IDTR) {
        if (!is_written)
            whe_set_add(set, reg);
    }
    /* A write of 8 or 16 bits keeps the rest of the register. SDM 1, 3.4.1.1. */
    else if ((access_of(operand) & WHE_INTENT_READ) || operand->size < 32)
        add_if_held(set, reg);
}

static void read_address(const struct whe_mode *mode, const struct whe_insn *insn,
                         const ZydisDecodedOperand *operand, struct whe_set *set)
{
    const unsigned segment = segment_in_use(mode, insn, operand);
    const unsigned base = reg_from_zydis(operand->mem.base);
    const unsigned index = reg_from_zydis(operand->mem.index);
    if (base != WHE_REG_RIP && base != WHE_REG_ZERO)
        add_if_held(set, base);
    if (index != WHE_REG_ZERO)
        add_if_held(set, index);
    if (operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN && segment != WHE_REG_CS &&
        (mode->code != WHE_CODE64 || segment >= WHE_REG_FS))
        add_if_held(set, segment);
}

/* All registers that must be known, and those of them that are no part of an address. Where the
   x87 remembers the operand's offset there are none: the exit does not tell that. */
static void take_reads(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                       const ZydisDecodedOperand *operands, struct whe_insn *insn)
{
    struct whe_set values = {{0}};
    if (insn->checks != WHE_CHECKS_NONE)
        whe_checks_registers(mode, insn->checks, &values);
    whe_far_registers(mode, insn, &values);
    if (insn->has_extras)
        whe_extras_registers(mode, insn->traits, &values);
    if (insn->repeats)
        whe_set_add(&values, WHE_REG_RCX);
    const unsigned count = insn->traits & WHE_TRAIT_HINT ? 0 : decoded->operand_count;
    for (unsigned i = 0; i < count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
            read_register(mode, &operands[i], &values);
    }
    struct whe_set all = values;
    if (insn->traits & WHE_TRAIT_AL_INDEX)
        whe_set_add(&all, WHE_REG_RAX);
    for (unsigned i = 0; i < count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            read_address(mode, insn, &operands[i], &all);
    }
    whe_batch_init(&insn->reads, &all);
    whe_batch_init(&insn->values, insn->traits & WHE_TRAIT_LAST ? &all : &values);
}

static enum whe_stack_use stack_use(const struct whe_insn *insn, const ZydisDecodedOperand *from)
{
    if (is_in_es_always(insn, from) || from->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN ||
        from->mem.segment != ZYDIS_REGISTER_SS)
        return WHE_STACK_NONE;
    if (reg_from_zydis(from->mem.base) == WHE_REG_RBP)
        return WHE_STACK_FRAME;
    if (reg_from_zydis(from->mem.base) != WHE_REG_RSP)
        return WHE_STACK_NONE;
    return from->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? WHE_STACK_PUSH : WHE_STACK_POP;
}

/*
 * Operands that are read come first: they are planned, and accessed, before what is written alone.
 */
static struct whe_memory *memory_slot(struct whe_insn *insn, unsigned intent)
{
    struct whe_memory *slot = &insn->memory[insn->memory_count];
    if (insn->memory_count++ == 0 || !(intent & WHE_INTENT_READ) ||
        (insn->memory[0].place.intent & WHE_INTENT_READ))
        return slot;
    *slot = insn->memory[0];
    return &insn->memory[0];
}

/* What #AC asks for: SDM 3A, table 6-7. Of 10 bytes 8, of 6 bytes 4; of the x87's environment and
   state what their words have. */
static uint8_t alignment_of(unsigned size)
{
    if (size == 14 || size == 94)
        return 2;
    if (size == 28 || size == 108)
        return 4;
    if (size > 16)
        return 1;
    return (uint8_t)(1u << (31 - __builtin_clz(size)));
}

/* The bytes that #AC asks about together: of PUSHA and far pointers each piece, of MASKMOVDQU each
   half. AMD family 1Ah. */
static unsigned unit_of(const struct whe_insn *insn, unsigned size)
{
    if (insn->traits & WHE_TRAIT_ELEMENTS)
        return insn->operand_size;
    return (insn->traits & WHE_TRAIT_BYTES) && size > 8 ? 8 : size;
}

/* What the row demands, which is not of its forms with MMX registers. */
static uint8_t demanded_alignment(const struct whe_insn *insn, unsigned size)
{
    const uint8_t alignment = whe_rows[insn->id].alignment;
    return size < alignment || alignment == 0 ? 1 : alignment;
}

static void take_memory(const struct whe_mode *mode, const ZydisDecodedOperand *from,
                        struct whe_insn *insn, unsigned number)
{
    const unsigned base = reg_from_zydis(from->mem.base);
    const unsigned segment = segment_in_use(mode, insn, from);
    const uint16_t size = from->size / 8u;
    const unsigned intent = intent_from_actions(from->actions);
    const bool has_alignment = demanded_alignment(insn, size) > 1;
    const bool is_in_es = is_in_es_always(insn, from);
    uint64_t displacement = (uint64_t)from->mem.disp.value;
    if (base == WHE_REG_RIP)
        displacement += insn->length;

    struct whe_memory *memory = memory_slot(insn, intent);
    memory->operand = (uint8_t)number;
    memory->stack = (uint8_t)stack_use(insn, from);
    memory->alignment = 1;
    memory->has_pieces = (insn->traits & (WHE_TRAIT_ELEMENTS | WHE_TRAIT_TABLE)) != 0;
    memory->first = memory->next = memory->has_pieces ? insn->operand_size : 0;
    if (insn->traits & WHE_TRAIT_TABLE) {
        memory->first = 2;
        memory->next = 8;
    }
    memory->address = (struct whe_address){
        .base = (uint8_t)base,
        .index = (uint8_t)reg_from_zydis(from->mem.index),
        .scale = (uint8_t)(from->mem.scale ? __builtin_ctz(from->mem.scale) : 0),
        .displacement = displacement};
    memory->place =
        (struct whe_place){.segment = (enum whe_reg)segment,
                           .is_flat = mode->code == WHE_CODE64 && segment < WHE_REG_FS,
                           .is_stack = memory->stack != WHE_STACK_NONE ||
                                       (!is_in_es && is_stack_access(mode, segment, base)),
                           .size = size,
                           .alignment = has_alignment ? 1 : alignment_of(unit_of(insn, size)),
                           .intent = intent};
}

/* An alignment that the row demands is that of the operand that is written, if any is. */
static void take_alignment(struct whe_insn *insn)
{
    if (insn->memory_count == 0)
        return;
    struct whe_memory *memory = &insn->memory[insn->memory_count - 1];
    memory->alignment = demanded_alignment(insn, memory->place.size);
}

static bool take_register(const ZydisDecodedOperand *from, struct whe_operand *to)
{
    const unsigned reg = reg_from_zydis(from->reg.value);
    to->reg = (uint8_t)reg;
    if (is_xmm(from->reg.value))
        to->kind = WHE_OPERAND_XMM;
    else if (reg >= WHE_REG_FPMMX0 && reg <= WHE_REG_FPMMX7)
        to->kind = from->reg.value >= ZYDIS_REGISTER_MM0 ? WHE_OPERAND_MMX : WHE_OPERAND_ST;
    else if (is_segment(reg) || reg == WHE_REG_LDTR || reg == WHE_REG_TR)
        to->kind = WHE_OPERAND_SEGMENT;
    else if (reg == WHE_REG_GDTR || reg == WHE_REG_IDTR)
        to->kind = WHE_OPERAND_TABLE;
    else if (reg >= WHE_REG_CR0 && reg <= WHE_REG_CR8)
        to->kind = WHE_OPERAND_CONTROL;
    else if (reg == WHE_REG_RSP && to->is_hidden)
        to->kind = WHE_OPERAND_STACK_POINTER;
    else if (reg <= WHE_REG_R15)
        to->kind = WHE_OPERAND_GPR;
    if (from->reg.value >= ZYDIS_REGISTER_AH && from->reg.value <= ZYDIS_REGISTER_BH)
        to->shift = 8;
    return to->kind != WHE_OPERAND_NONE;
}

/* A place that is only computed, or only checked, is none that is accessed. */
static bool take_memory_operand(const struct whe_mode *mode, const ZydisDecodedOperand *from,
                                struct whe_insn *insn, unsigned number)
{
    const bool is_address = from->mem.type == ZYDIS_MEMOP_TYPE_AGEN;
    if (!is_address && from->mem.type != ZYDIS_MEMOP_TYPE_MEM)
        return false;
    insn->operand[number].kind = is_address ? WHE_OPERAND_ADDRESS : WHE_OPERAND_MEMORY;
    take_memory(mode, from, insn, number);
    if (is_address) {
        insn->memory_count--;
        insn->inputs |= (uint8_t)(1u << number);
    }
    if (insn->traits & WHE_TRAIT_LINE) {
        insn->memory[0].place.size = insn->memory[0].place.alignment = 1;
        insn->memory[0].place.intent = 0;
    }
    return true;
}

/* In bytes. The decoder gives none to tables and to selectors of system segments. */
static unsigned size_of(const ZydisDecodedOperand *from)
{
    if (from->type == ZYDIS_OPERAND_TYPE_REGISTER && from->size == 0) {
        const unsigned reg = reg_from_zydis(from->reg.value);
        return reg == WHE_REG_LDTR || reg == WHE_REG_TR ? 2 : 10;
    }
    return from->size / 8u;
}

/* A far pointer is what it would be in memory. */
static uint64_t immediate_of(const ZydisDecodedOperand *from, const struct whe_insn *insn)
{
    if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return from->imm.value.u;
    return from->ptr.offset | (uint64_t)from->ptr.segment << 8 * insn->operand_size;
}

/* @return false for an operand that no row of the table can have. */
static bool take_operand(const struct whe_mode *mode, const ZydisDecodedOperand *from,
                         struct whe_insn *insn, unsigned number)
{
    struct whe_operand *to = &insn->operand[number];
    const unsigned size = size_of(from);
    if (size < 1 || size > WHE_BLOCK_MAX)
        return false;
    *to = (struct whe_operand){.size = (uint16_t)size,
                               .access = (uint8_t)access_of(from),
                               .is_hidden = from->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN,
                               .mask = size <= 8 ? whe_mask_from_size(size) : 0};
    if (to->access & WHE_INTENT_WRITE)
        insn->writes |= (uint8_t)(1u << number);
    if ((to->access & WHE_INTENT_READ) && from->type != ZYDIS_OPERAND_TYPE_MEMORY)
        insn->inputs |= (uint8_t)(1u << number);
    if (from->type == ZYDIS_OPERAND_TYPE_REGISTER)
        return take_register(from, to);
    if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE || from->type == ZYDIS_OPERAND_TYPE_POINTER) {
        to->kind = WHE_OPERAND_IMMEDIATE;
        to->immediate = immediate_of(from, insn);
        return true;
    }
    if (from->type != ZYDIS_OPERAND_TYPE_MEMORY || insn->memory_count == WHE_MEMORIES)
        return false;
    return take_memory_operand(mode, from, insn, number);
}

/* RFLAGS and RIP are no operands: the exit tells them, and every instruction may write them. Nor
   are control and status registers, which a kernel sees in its image. */
static bool is_operand(const ZydisDecodedOperand *operand)
{
    const unsigned reg = operand->type == ZYDIS_OPERAND_TYPE_REGISTER
                             ? reg_from_zydis(operand->reg.value)
                             : WHE_REG_ZERO;
    return reg != WHE_REG_RFLAGS && reg != WHE_REG_RIP && reg != WHE_REG_FPCS &&
           reg != WHE_REG_XMMCS;
}

/* The registers that PUSHA pushes and POPA pops: all but the pointer that they move. */
static bool is_seen_otherwise(const struct whe_insn *insn, const ZydisDecodedOperand *operand)
{
    return (insn->traits & WHE_TRAIT_GPRS) && operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           (reg_from_zydis(operand->reg.value) != WHE_REG_RSP ||
            !(operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE));
}

/* Rows of SSE that also have a form with MMX registers: these are the x87's, and wait for it; what
   has no XMM register, and does not round, does not ask for OSFXSR. */
static void take_mmx(struct whe_insn *insn, unsigned kinds)
{
    const bool is_sse = (kinds & 1u << WHE_OPERAND_XMM) || (insn->traits & WHE_TRAIT_MXCSR);
    insn->traits |= WHE_TRAIT_X87;
    if (insn->checks == WHE_CHECKS_SSE)
        insn->checks = is_sse ? WHE_CHECKS_SSE_MMX : WHE_CHECKS_MMX;
}

static bool take_operands(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                          const ZydisDecodedOperand *operands, struct whe_insn *insn)
{
    unsigned kinds = 0; /* mask of 1 << enum whe_operand_kind */
    if (insn->traits & WHE_TRAIT_HINT)
        return true;
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (!is_operand(&operands[i]) || is_seen_otherwise(insn, &operands[i]))
            continue;
        if (insn->operand_count == WHE_OPERANDS ||
            !take_operand(mode, &operands[i], insn, insn->operand_count))
            return false;
        const struct whe_operand *taken = &insn->operand[insn->operand_count++];
        kinds |= 1u << taken->kind;
        if ((taken->access & WHE_INTENT_WRITE) &&
            (taken->kind == WHE_OPERAND_SEGMENT || taken->kind == WHE_OPERAND_TABLE))
            insn->segment = insn->operand_count;
        if (taken->size > sizeof(union whe_value))
            insn->has_extras = true;
    }
    if (insn->traits & WHE_TRAIT_FRAME)
        whe_decode_frame(insn);
    whe_decode_far(mode, insn);
    take_alignment(insn);
    if (kinds & 1u << WHE_OPERAND_MMX)
        take_mmx(insn, kinds);
    if (insn->traits & WHE_EXTRAS)
        insn->has_extras = true;
    return true;
}

static void take_repetition(const ZydisDecodedInstruction *decoded, struct whe_insn *insn)
{
    const ZydisInstructionAttributes rep =
        ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
    insn->repeats = is_string(decoded) && (decoded->attributes & rep) != 0;
    insn->repeats_while_zf = !(decoded->attributes & ZYDIS_ATTRIB_HAS_REPNE);
}

/* The places of a string instruction; the loop over its elements knows the registers. */
static bool take_string(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                        const ZydisDecodedOperand *operands, struct whe_insn *insn)
{
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            take_memory(mode, &operands[i], insn, i);
    }
    return true;
}

/* Whether the exit's own address can be that of the operand: its only data access is one explicit
   operand, which depends on nothing but its address. */
static bool is_by_exit(const struct whe_insn *insn)
{
    const struct whe_memory *memory = &insn->memory[0];
    return insn->form == WHE_FORM_VALUES && insn->memory_count == 1 &&
           !insn->operand[memory->operand].is_hidden && memory->place.intent != 0 &&
           (insn->segment == 0 || insn->operand[insn->segment - 1].kind == WHE_OPERAND_TABLE) &&
           !(insn->traits & WHE_TRAIT_SELECTOR) &&
           !((insn->traits & WHE_TRAIT_BIT_STRING) && insn->operand[1].kind == WHE_OPERAND_GPR);
}

static uint16_t opcode_of(const ZydisDecodedInstruction *decoded)
{
    return (uint16_t)((decoded->opcode & 7u) << 8 | (unsigned)decoded->raw.modrm.mod << 6 |
                      (unsigned)decoded->raw.modrm.reg << 3 | decoded->raw.modrm.rm);
}

static void take(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                 const ZydisDecodedOperand *operands, struct whe_insn *insn)
{
    const uint16_t id = whe_decode_row(decoded, operands);
    const struct whe_row *row = &whe_rows[id];
    const ZydisAccessedFlags *flags = decoded->cpu_flags;
    *insn =
        (struct whe_insn){.id = id,
                          .mnemonic = (uint16_t)decoded->mnemonic,
                          .length = decoded->length,
                          .form = row->form,
                          .operation = row->operation,
                          .traits = row->traits,
                          .checks = row->checks,
                          .opcode = opcode_of(decoded),
                          .operand_size = (uint8_t)(decoded->operand_width / 8u),
                          .writes_flags = flags && (flags->modified | flags->set_0 | flags->set_1),
                          .address_mask = whe_mask_from_size(decoded->address_width / 8u)};
    insn->exits = whe_decode_exits(mode, decoded, operands);
    if (id == WHE_INSN_NONE)
        return;
    take_repetition(decoded, insn);
    insn->is_beyond_host =
        (row->traits & WHE_TRAIT_NATIVE) && !whe_processor_has(decoded->meta.isa_set);
    if (insn->is_beyond_host ||
        !(is_string(decoded) ? take_string : take_operands)(mode, decoded, operands, insn)) {
        insn->id = WHE_INSN_NONE;
        return;
    }
    for (unsigned i = 0; i < insn->memory_count; i++) {
        struct whe_memory *memory = &insn->memory[i];
        memory->is_simple =
            memory->place.size <= 8 && !memory->has_pieces && !(insn->traits & WHE_TRAIT_BYTES);
    }
    insn->is_by_exit = is_by_exit(insn);
    take_reads(mode, decoded, operands, insn);
}

enum whe_decoded whe_decode(const struct whe_mode *mode, const uint8_t *bytes, size_t count,
                            struct whe_insn *insn)
{
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const enum whe_decoded result = whe_decode_bytes(mode, bytes, count, &decoded, operands);
    if (result == WHE_DECODED_OK)
        take(mode, &decoded, operands, insn);
    return result;
}
