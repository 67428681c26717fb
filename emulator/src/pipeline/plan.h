/* SPDX-License-Identifier: MIT */
/**
 * @file plan.h
 * From a memory operand to the guest-physical places of its bytes: address, segmentation,
 * alignment, translation of every page with its final intent. Everything that can fault faults
 * here, before the first access.
 */
#ifndef WHE_PLAN_H
#define WHE_PLAN_H

#include "insn.h"
#include "memory.h"

/**
 * @return the bits of rSP that a stack access uses: SS.B tells, 64 in 64-bit mode. SDM 1, 6.2.3.
 */
static inline uint64_t whe_stack_mask(const struct whe_call *call)
{
    if (call->mode.code == WHE_CODE64)
        return UINT64_MAX;
    return whe_segment(&call->regs, WHE_REG_SS)->Default ? 0xffffffff : 0xffff;
}

/** @return base + index * scale + displacement, cut to the address size. */
static inline uint64_t whe_effective_address(const struct whe_regs *regs,
                                             const struct whe_address *address, uint64_t mask)
{
    uint64_t sum = whe_reg_get(regs, address->base) + address->displacement;
    if (address->index != WHE_REG_ZERO)
        sum += whe_reg_get(regs, address->index) << address->scale;
    return sum & mask;
}

/**
 * Plans one memory operand.
 * @param memory one of insn->memory.
 * @param span   receives the places; with WHE_TRAIT_MASKED there are two, the second of what lies
 * behind the end of the addresses.
 * @return WHE_OK; WHE_FAULT or a failure as of whe_linear and whe_probe.
 */
enum whe_result whe_plan(struct whe_call *call, const struct whe_insn *insn,
                         const struct whe_memory *memory, struct whe_span *span);

#endif
