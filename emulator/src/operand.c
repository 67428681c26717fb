/* SPDX-License-Identifier: MIT */
#include "operand.h"

#include "event.h"

/* The part of an address that depends on AL (XLAT), or on the signed bit offset of BT and its kin:
   the whole operands that lie between the address and the bit. SDM 2A, "BT". */
static uint64_t extra_offset(const struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *bit = &insn->operand[1];
    if (insn->traits & WHE_TRAIT_BYTE_INDEX)
        return whe_reg_get(&call->regs, WHE_REG_RAX) & 0xff;
    if (bit->kind != WHE_OPERAND_GPR)
        return 0;
    uint64_t offset = whe_sign_extend(whe_reg_get(&call->regs, bit->reg), bit->size);
    return (uint64_t)((int64_t)offset >> 3) & ~(uint64_t)(bit->size - 1u);
}

static bool is_misaligned(const struct whe_call *call, const struct whe_insn *insn, uint64_t offset)
{
    uint64_t base = 0;
    if (!insn->place.is_flat)
        base = whe_call_segment(call, insn->place.segment)->Base;
    return ((base + offset) & 15) != 0;
}

/* A misaligned operand is #GP(0) even where the segment's limit or a non-canonical address would be
   #SS(0): seen on AMD family 25. The low bits of an address do not depend on either. */
static enum whe_result plan_aligned(struct whe_call *call, const struct whe_insn *insn,
                                    uint64_t offset)
{
    uint64_t linear;
    if (is_misaligned(call, insn, offset))
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    WHE_TRY(whe_linear(call, &insn->place, offset, &linear));
    return whe_probe(call, linear, insn->place.size, insn->place.intent, &call->span);
}

enum whe_result whe_plan_operand(struct whe_call *call, const struct whe_insn *insn)
{
    uint64_t offset = whe_effective_address(&call->regs, insn);
    uint64_t linear;
    if (insn->traits & (WHE_TRAIT_BIT_STRING | WHE_TRAIT_BYTE_INDEX))
        offset = (offset + extra_offset(call, insn)) & insn->address_mask;
    if (insn->traits & WHE_TRAIT_ALIGN16)
        return plan_aligned(call, insn, offset);
    WHE_TRY(whe_linear(call, &insn->place, offset, &linear));
    return whe_probe(call, linear, insn->place.size, insn->place.intent, &call->span);
}
