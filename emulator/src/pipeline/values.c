/* SPDX-License-Identifier: MIT */
#include "values.h"

#include <string.h>

#include "descriptor.h"
#include "plan.h"

/* MMX registers are the x87's, which the platform names from the top of their stack. */
static uint64_t mmx_value(const struct whe_call *call, unsigned reg)
{
    const unsigned status = call->regs.value[WHE_REG_FPCS].FpControlStatus.FpStatus;
    const unsigned place = (reg - WHE_REG_FPMMX0 - (status >> 11)) & 7;
    return whe_reg_get(&call->regs, WHE_REG_FPMMX0 + place);
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
        if (memory->place.size <= 8)
            WHE_TRY(whe_span_read(call, &places->span[i], &value->u64));
        else
            WHE_TRY(whe_span_read_bytes(call, &places->span[i], bytes_of(work, value, memory)));
    }
    return WHE_OK;
}

static enum whe_result load_segment(struct whe_call *call, enum whe_reg segment, uint64_t selector)
{
    WHE_TRY(whe_load_segment(call, segment, (uint16_t)selector));
    /* The next instruction is to load rSP: neither interrupt nor trap may come between. SDM
     * 3A, 6.8.3. */
    if (segment == WHE_REG_SS)
        call->mode.specials |= WHE_SPECIAL_BLOCKS;
    return WHE_OK;
}

static void write_register(struct whe_call *call, const struct whe_operand *operand,
                           const union whe_value *value)
{
    if (operand->kind == WHE_OPERAND_GPR)
        whe_gpr_write(&call->regs, operand->reg, operand->mask, operand->shift, value->u64);
    else if (operand->kind == WHE_OPERAND_XMM)
        whe_reg_set128(&call->regs, operand->reg, value->u128);
    else if (operand->kind == WHE_OPERAND_STACK_POINTER)
        whe_gpr_write(&call->regs, WHE_REG_RSP, whe_stack_mask(call), 0, value->u64);
}

static enum whe_result write_memory(struct whe_call *call, const struct whe_memory *memory,
                                    const struct whe_span *span, const struct whe_work *work)
{
    const union whe_value *value = &work->value[memory->operand];
    if (memory->place.size > sizeof(*value)) {
        const struct whe_span cut = whe_span_cut(span, work->block_size);
        return whe_span_write_bytes(call, &cut, work->block);
    }
    if (memory->place.size > 8)
        return whe_span_write_bytes(call, span, value->bytes);
    return whe_span_write(call, span, value->u64 & whe_mask_from_size(memory->place.size));
}

enum whe_result whe_values_write(struct whe_call *call, const struct whe_places *places,
                                 const struct whe_work *work)
{
    const struct whe_insn *insn = work->insn;
    const struct whe_operand *first = &insn->operand[0];
    if (first->kind == WHE_OPERAND_SEGMENT && (work->writes & 1))
        WHE_TRY(load_segment(call, first->reg, work->value[0].u64));
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
