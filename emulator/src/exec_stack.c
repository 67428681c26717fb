/* SPDX-License-Identifier: MIT */
/*
 * PUSH and POP: SDM 2B. Both places are probed before either is touched, in the order in which they
 * are read and written, so that of two faults the right one is raised.
 */
#include "exec.h"
#include "operand.h"

/* rSP has the width that SS.B gives, 64 bits in 64-bit mode. SDM 1, 6.2.3. */
static uint64_t stack_mask(const struct whe_call *call, const struct whe_insn *insn)
{
    if (insn->stack_mask != 0)
        return insn->stack_mask;
    return whe_segment(&call->regs, WHE_REG_SS)->Default ? 0xffffffff : 0xffff;
}

static enum whe_result probe_stack(struct whe_call *call, const struct whe_insn *insn,
                                   uint64_t offset, unsigned intent, struct whe_span *span)
{
    const struct whe_place place = {.segment = WHE_REG_SS,
                                    .is_flat = insn->stack_mask != 0,
                                    .is_stack = true,
                                    .size = insn->stack_size,
                                    .alignment = insn->stack_size,
                                    .intent = intent};
    uint64_t linear;
    WHE_TRY(whe_linear(call, &place, offset, &linear));
    return whe_probe(call, linear, place.size, intent, span);
}

enum whe_result whe_exec_push(struct whe_call *call, const struct whe_insn *insn)
{
    const uint64_t mask = stack_mask(call, insn);
    const uint64_t rsp = whe_reg_get(&call->regs, WHE_REG_RSP) - insn->stack_size;
    struct whe_span span;
    uint64_t value;
    if (insn->has_memory)
        WHE_TRY(whe_plan_operand(call, insn));
    WHE_TRY(probe_stack(call, insn, rsp & mask, WHE_INTENT_WRITE, &span));
    if (insn->has_memory)
        WHE_TRY(whe_span_read(call, &call->span, &call->memory));
    WHE_TRY(whe_operand_read(call, &insn->operand[0], &value));
    WHE_TRY(whe_span_write(call, &span, value & whe_mask_from_size(insn->stack_size)));
    whe_gpr_write(&call->regs, WHE_REG_RSP, mask, 0, rsp);
    return WHE_OK;
}

/* POP computes an address that uses rSP after it was incremented. SDM 2B, "POP". A fault takes the
   increment back. */
static enum whe_result plan_destination(struct whe_call *call, const struct whe_insn *insn,
                                        uint64_t mask, uint64_t rsp)
{
    struct whe_regs *regs = &call->regs;
    const uint64_t before = whe_reg_get(regs, WHE_REG_RSP);
    whe_gpr_write(regs, WHE_REG_RSP, mask, 0, rsp);
    enum whe_result result = whe_plan_operand(call, insn);
    if (result != WHE_OK) {
        whe_reg_know(regs, WHE_REG_RSP, before);
        regs->written &= ~whe_reg_bit(WHE_REG_RSP);
    }
    return result;
}

enum whe_result whe_exec_pop(struct whe_call *call, const struct whe_insn *insn)
{
    const uint64_t mask = stack_mask(call, insn);
    const uint64_t rsp = whe_reg_get(&call->regs, WHE_REG_RSP);
    const uint64_t after = rsp + insn->stack_size;
    struct whe_span span;
    uint64_t value;
    WHE_TRY(probe_stack(call, insn, rsp & mask, WHE_INTENT_READ, &span));
    if (insn->has_memory)
        WHE_TRY(plan_destination(call, insn, mask, after));
    WHE_TRY(whe_span_read(call, &span, &value));
    /* rSP first: POP rSP ends with what was popped. */
    whe_gpr_write(&call->regs, WHE_REG_RSP, mask, 0, after);
    WHE_TRY(whe_operand_write(call, &insn->operand[0], value));
    return insn->has_memory ? whe_span_write(call, &call->span, call->memory) : WHE_OK;
}
