/* SPDX-License-Identifier: MIT */
#include "values.h"

#include <string.h>

#include "attributes.h"
#include "descriptor.h"
#include "plan.h"

/* MMX registers are the x87's, which the platform names from the top of their stack. */
static uint64_t mmx_value(const struct whe_call *call, unsigned reg)
{
    const unsigned status = call->regs.value[WHE_REG_FPCS].FpControlStatus.FpStatus;
    const unsigned place = (reg - WHE_REG_FPMMX0 - (status >> 11)) & 7;
    return whe_reg_get(&call->regs, WHE_REG_FPMMX0 + place);
}

/* A table as memory has it. */
static void read_table(const struct whe_call *call, const struct whe_operand *operand,
                       union whe_value *value)
{
    const WHV_X64_TABLE_REGISTER *table = &call->regs.value[operand->reg].Table;
    memcpy(value->bytes, &table->Limit, sizeof(table->Limit));
    memcpy(value->bytes + sizeof(table->Limit), &table->Base, sizeof(table->Base));
}

/* A base that is not canonical is none. SDM 2A, "LGDT/LIDT". */
static enum whe_result load_table(struct whe_call *call, const struct whe_operand *operand,
                                  const union whe_value *value)
{
    WHV_REGISTER_VALUE *to = &call->regs.value[operand->reg];
    WHV_X64_TABLE_REGISTER table = {.Base = 0};
    memcpy(&table.Limit, value->bytes, sizeof(table.Limit));
    memcpy(&table.Base, value->bytes + sizeof(table.Limit), sizeof(table.Base));
    if (call->mode.code == WHE_CODE64)
        WHE_TRY(whe_check_canonical(call, table.Base, 1, false));
    to->Table = table;
    whe_set_add(&call->regs.written, operand->reg);
    return WHE_OK;
}

static void read_input(const struct whe_call *call, const struct whe_insn *insn,
                       const struct whe_operand *operand, union whe_value *value)
{
    switch (operand->kind) {
    case WHE_OPERAND_GPR:
        value->u64 = (whe_reg_get(&call->regs, operand->reg) >> operand->shift) & operand->mask;
        break;
    case WHE_OPERAND_SEGMENT:
        value->u64 = whe_call_segment(call, operand->reg)->Selector;
        break;
    case WHE_OPERAND_BASE:
        value->u64 = whe_segment(&call->regs, operand->reg)->Base;
        break;
    case WHE_OPERAND_XMM:
        value->u128 = whe_reg_get128(&call->regs, operand->reg);
        break;
    case WHE_OPERAND_MMX:
        value->u64 = mmx_value(call, operand->reg);
        break;
    case WHE_OPERAND_ADDRESS:
        value->u64 =
            whe_effective_address(&call->regs, &insn->memory[0].address, insn->address_mask);
        break;
    case WHE_OPERAND_TABLE:
        read_table(call, operand, value);
        break;
    case WHE_OPERAND_CONTROL:
    case WHE_OPERAND_FRAME_POINTER:
        value->u64 = whe_reg_get(&call->regs, operand->reg);
        break;
    case WHE_OPERAND_STACK_POINTER:
        value->u64 = whe_reg_get(&call->regs, WHE_REG_RSP);
        break;
    default:
        value->u64 = operand->immediate;
        break;
    }
}

/* Where the bytes of a large operand are. */
static uint8_t *bytes_of(const struct whe_work *work, union whe_value *value,
                         const struct whe_memory *memory)
{
    return memory->place.size > sizeof(*value) ? work->block : value->bytes;
}

static struct whe_pieces pieces_of(const struct whe_memory *memory)
{
    return (struct whe_pieces){memory->first, memory->next};
}

/* What POPA finds in place of rSP is passed over: SDM 2B, "POPA". */
static enum whe_result read_popped(struct whe_call *call, const struct whe_memory *memory,
                                   const struct whe_span *span, uint8_t *bytes)
{
    const unsigned size = memory->next;
    const struct whe_span before = whe_span_part(span, 0, 3 * size);
    const struct whe_span after = whe_span_part(span, 4 * size, 4 * size);
    WHE_TRY(whe_span_read_pieces(call, &before, pieces_of(memory), bytes));
    return whe_span_read_pieces(call, &after, pieces_of(memory), bytes + 4 * size);
}

enum whe_result whe_values_read(struct whe_call *call, const struct whe_places *places,
                                struct whe_work *work)
{
    const struct whe_insn *insn = work->insn;
    /* Whatever a kernel leaves out, nothing of ours may reach the guest. */
    for (unsigned rest = insn->writes & ~(unsigned)insn->inputs; rest != 0; rest &= rest - 1) {
        const unsigned i = (unsigned)__builtin_ctz(rest);
        work->value[i].u128 = (WHV_UINT128){.Low64 = 0};
        if (insn->operand[i].size > sizeof(work->value[i]))
            memset(work->block, 0, insn->operand[i].size);
        else if (insn->operand[i].size > sizeof(work->value[i].u128))
            memset(work->value[i].bytes, 0, sizeof(work->value[i].bytes));
    }
    for (unsigned rest = insn->inputs; rest != 0; rest &= rest - 1) {
        const unsigned i = (unsigned)__builtin_ctz(rest);
        read_input(call, insn, &insn->operand[i], &work->value[i]);
    }
    for (unsigned i = 0; i < insn->memory_count; i++) {
        const struct whe_memory *memory = &insn->memory[i];
        union whe_value *value = &work->value[memory->operand];
        if (!(memory->place.intent & WHE_INTENT_READ))
            continue;
        if (memory->is_simple)
            WHE_TRY(whe_span_read(call, &places->span[i], &value->u64));
        else if (insn->traits & WHE_TRAIT_GPRS)
            WHE_TRY(read_popped(call, memory, &places->span[i], value->bytes));
        else
            WHE_TRY(whe_span_read_pieces(call, &places->span[i], pieces_of(memory),
                                         bytes_of(work, value, memory)));
    }
    return WHE_OK;
}

static enum whe_result load_segment(struct whe_call *call, enum whe_reg segment, uint64_t selector,
                                    bool is_with_pointer)
{
    if (segment == WHE_REG_LDTR || segment == WHE_REG_TR)
        return whe_load_system(call, segment, (uint16_t)selector);
    WHE_TRY(whe_load_segment(call, segment, (uint16_t)selector));
    /* The next instruction is to load rSP: neither interrupt nor trap may come between. SDM
     * 3A, 6.8.3. */
    if (segment == WHE_REG_SS && !is_with_pointer)
        call->mode.specials |= WHE_SPECIAL_BLOCKS;
    return WHE_OK;
}

/* What may fault itself comes before all that is written: descriptors, the base of a table. */
static WHE_APART enum whe_result load_special(struct whe_call *call, const struct whe_insn *insn,
                                              const struct whe_work *work)
{
    const unsigned i = insn->segment - 1u;
    const struct whe_operand *operand = &insn->operand[i];
    if (!(work->writes & 1u << i))
        return WHE_OK;
    if (operand->kind == WHE_OPERAND_TABLE)
        return load_table(call, operand, &work->value[i]);
    return load_segment(call, operand->reg, work->value[i].u64,
                        (insn->traits & WHE_TRAIT_ELEMENTS) != 0);
}

static void write_register(struct whe_call *call, const struct whe_operand *operand,
                           const union whe_value *value)
{
    if (operand->kind == WHE_OPERAND_GPR || operand->kind == WHE_OPERAND_FRAME_POINTER)
        whe_gpr_write(&call->regs, operand->reg, operand->mask, operand->shift, value->u64);
    else if (operand->kind == WHE_OPERAND_XMM)
        whe_reg_set128(&call->regs, operand->reg, value->u128);
    else if (operand->kind == WHE_OPERAND_CONTROL)
        whe_reg_set(&call->regs, operand->reg, value->u64);
    else if (operand->kind == WHE_OPERAND_BASE)
        whe_segment_set_base(&call->regs, operand->reg, value->u64);
    else if (operand->kind == WHE_OPERAND_STACK_POINTER)
        whe_gpr_write(&call->regs, WHE_REG_RSP, whe_stack_mask(call), 0, value->u64);
}

/* Bytes that are not chosen are not accessed at all: what lies there may be a device. Those that
   are neighbours are written together. */
static enum whe_result write_bytes(struct whe_call *call, const struct whe_memory *memory,
                                   const struct whe_span *span, const struct whe_work *work)
{
    const uint8_t *bytes = work->value[memory->operand].bytes;
    for (uint64_t rest = work->bytes; rest != 0;) {
        const unsigned at = (unsigned)__builtin_ctzll(rest);
        const uint64_t beyond = ~(rest >> at);
        unsigned size = beyond == 0 ? 64 : (unsigned)__builtin_ctzll(beyond);
        if (at < span->size && at + size > span->size)
            size = span->size - at;
        const struct whe_span part = at < span->size
                                         ? whe_span_part(span, at, size)
                                         : whe_span_part(span + 1, at - span->size, size);
        WHE_TRY(whe_span_write_pieces(call, &part, pieces_of(memory), bytes + at));
        rest = at + size < 64 ? rest >> (at + size) << (at + size) : 0;
    }
    return WHE_OK;
}

static WHE_APART enum whe_result write_large(struct whe_call *call, const struct whe_memory *memory,
                                             const struct whe_span *span,
                                             const struct whe_work *work)
{
    if (memory->place.size > sizeof(union whe_value)) {
        const struct whe_span cut = whe_span_cut(span, work->block_size);
        return whe_span_write_pieces(call, &cut, pieces_of(memory), work->block);
    }
    if (work->insn->traits & WHE_TRAIT_BYTES)
        return write_bytes(call, memory, span, work);
    return whe_span_write_pieces(call, span, pieces_of(memory), work->value[memory->operand].bytes);
}

static enum whe_result write_memory(struct whe_call *call, const struct whe_memory *memory,
                                    const struct whe_span *span, const struct whe_work *work)
{
    if (!memory->is_simple)
        return write_large(call, memory, span, work);
    const uint64_t value = work->value[memory->operand].u64;
    return whe_span_write(call, span, value & whe_mask_from_size(memory->place.size));
}

enum whe_result whe_values_write(struct whe_call *call, const struct whe_places *places,
                                 const struct whe_work *work)
{
    const struct whe_insn *insn = work->insn;
    if (insn->segment != 0)
        WHE_TRY(load_special(call, insn, work));
    unsigned rest = work->writes;
    for (unsigned i = 0; i < insn->memory_count; i++) {
        const struct whe_memory *memory = &insn->memory[i];
        if (!(rest & 1u << memory->operand))
            continue;
        WHE_TRY(write_memory(call, memory, &places->span[i], work));
        rest &= ~(1u << memory->operand);
    }
    while (rest != 0) {
        const unsigned i = 31 - (unsigned)__builtin_clz(rest);
        write_register(call, &insn->operand[i], &work->value[i]);
        rest &= ~(1u << i);
    }
    if (work->writes_flags)
        whe_reg_set(&call->regs, WHE_REG_RFLAGS, work->rflags);
    return WHE_OK;
}
