/* SPDX-License-Identifier: MIT */
/**
 * @file operand.h
 * Reading and writing operands by number, whatever they are.
 */
#ifndef WHE_OPERAND_H
#define WHE_OPERAND_H

#include "attributes.h"
#include "insn.h"
#include "memory.h"

/** @return the effective address of the memory operand, cut to the address size. */
static inline uint64_t whe_effective_address(const struct whe_regs *regs,
                                             const struct whe_insn *insn)
{
    const struct whe_address *address = &insn->address;
    uint64_t sum = whe_reg_get(regs, address->base) + address->displacement;
    if (address->index != WHE_REG_ZERO)
        sum += whe_reg_get(regs, address->index) << address->scale;
    return sum & insn->address_mask;
}

/**
 * Makes call->span the memory operand: address, segmentation, alignment, translation of every page
 * with its final intent.
 * @return WHE_OK; WHE_FAULT or a failure as of whe_linear and whe_probe.
 */
enum whe_result whe_plan_operand(struct whe_call *call, const struct whe_insn *insn);

/** As whe_probe, for call->span, an operand within one page and a call that has translated nothing.
 */
static inline enum whe_result whe_probe_first(struct whe_call *call, uint64_t linear,
                                              const struct whe_place *place)
{
    const struct whe_translations *table = &call->translations;
    const uint64_t below = linear & WHE_PAGE_MASK;
    const uint64_t key = (linear - below) | place->intent;
    call->span.size = place->size;
    call->span.rest = 0;
    call->span.gpa[0] = below;
    if (table->key[0] != key)
        return whe_translate_ask(call, key, &call->span.gpa[0]);
    call->span.gpa[0] = table->gpa[0] | below;
    return WHE_OK;
}

/**
 * Writes a part of a register as the architecture does: 4 bytes clear the upper half, 1 and 2 bytes
 * keep the rest. SDM 1, 3.4.1.1.
 * @param mask  of 1, 2, 4 or 8 bytes.
 * @param shift 8 for AH, CH, DH, BH, otherwise 0.
 * @param value bits outside mask are ignored.
 */
static inline void whe_gpr_write(struct whe_regs *regs, enum whe_reg reg, uint64_t mask,
                                 unsigned shift, uint64_t value)
{
    value &= mask;
    if (mask <= 0xffff)
        value = (whe_reg_get(regs, reg) & ~(mask << shift)) | value << shift;
    whe_reg_set(regs, reg, value);
}

/** Reads an operand. @param value receives it, zero-extended; an immediate as the decoder extended
 * it. */
static inline enum whe_result whe_operand_read(struct whe_call *call,
                                               const struct whe_operand *operand, uint64_t *value)
{
    if (WHE_LIKELY(operand->kind == WHE_OPERAND_MEMORY))
        *value = call->memory;
    else if (WHE_LIKELY(operand->kind == WHE_OPERAND_GPR))
        *value = (whe_reg_get(&call->regs, operand->reg) >> operand->shift) & operand->mask;
    else if (operand->kind == WHE_OPERAND_SEGMENT)
        *value = whe_call_segment(call, operand->reg)->Selector;
    else
        *value = operand->immediate;
    return WHE_OK;
}

/** Writes a register or memory operand. @param value bits above the operand's size are ignored. */
static inline enum whe_result whe_operand_write(struct whe_call *call,
                                                const struct whe_operand *operand, uint64_t value)
{
    if (WHE_LIKELY(operand->kind == WHE_OPERAND_MEMORY))
        call->memory = value & operand->mask;
    else
        whe_gpr_write(&call->regs, operand->reg, operand->mask, operand->shift, value);
    return WHE_OK;
}

/** Reads a memory operand of any size. @param data receives call->span.size bytes. */
static inline enum whe_result whe_memory_read(struct whe_call *call, void *data)
{
    if (call->span.size > sizeof(call->memory))
        return whe_span_read_bytes(call, &call->span, data);
    memcpy(data, &call->memory, call->span.size);
    return WHE_OK;
}

/** Writes a memory operand of any size, of which whe_insn.access says that it is written. */
static inline enum whe_result whe_memory_write(struct whe_call *call, const void *data)
{
    if (call->span.size > sizeof(call->memory))
        return whe_span_write_bytes(call, &call->span, data);
    call->memory = 0;
    memcpy(&call->memory, data, call->span.size);
    return WHE_OK;
}

/** Writes the status flags of an operation. @param rflags RFLAGS as whe_alu_* left it. */
static inline void whe_write_rflags(struct whe_call *call, uint64_t rflags)
{
    whe_reg_set(&call->regs, WHE_REG_RFLAGS, rflags);
}

#endif
