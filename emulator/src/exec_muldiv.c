/* SPDX-License-Identifier: MIT */
/* MUL, IMUL, DIV, IDIV: SDM 2A, 2B. */
#include "alu.h"
#include "event.h"
#include "exec.h"
#include "operand.h"

/* Writes high:low to AX, DX:AX, EDX:EAX or RDX:RAX. */
static void write_pair(struct whe_call *call, uint64_t high, uint64_t low, unsigned size)
{
    uint64_t mask = whe_mask_from_size(size);
    if (size == 1) {
        whe_gpr_write(&call->regs, WHE_REG_RAX, 0xffff, 0, high << 8 | low);
        return;
    }
    whe_gpr_write(&call->regs, WHE_REG_RAX, mask, 0, low);
    whe_gpr_write(&call->regs, WHE_REG_RDX, mask, 0, high);
}

/* One operand: times the accumulator; two: times the first; three: the second times the third. */
enum whe_result whe_exec_mul(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *first = &insn->operand[0];
    const struct whe_operand *second = &insn->operand[1];
    const struct whe_operand *third = &insn->operand[2];
    bool is_signed = insn->operation == WHE_OP_SIGNED;
    uint64_t rflags = call->vp->Rflags;
    uint64_t a, b, high;
    if (second->kind == WHE_OPERAND_NONE) {
        WHE_TRY(whe_operand_read(call, first, &a));
        b = whe_reg_get(&call->regs, WHE_REG_RAX) & first->mask;
    } else {
        WHE_TRY(whe_operand_read(call, second, &a));
        WHE_TRY(whe_operand_read(call, third->kind == WHE_OPERAND_NONE ? first : third, &b));
    }
    uint64_t low = whe_alu_mul(a, b & first->mask, is_signed, first->size, &high, &rflags);
    if (second->kind == WHE_OPERAND_NONE)
        write_pair(call, high, low, first->size);
    else
        WHE_TRY(whe_operand_write(call, first, low));
    whe_write_rflags(call, rflags);
    return WHE_OK;
}

enum whe_result whe_exec_div(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *by = &insn->operand[0];
    uint64_t rax = whe_reg_get(&call->regs, WHE_REG_RAX);
    uint64_t high =
        by->size == 1 ? rax >> 8 & 0xff : whe_reg_get(&call->regs, WHE_REG_RDX) & by->mask;
    uint64_t divisor, quotient, remainder;
    WHE_TRY(whe_operand_read(call, by, &divisor));
    if (!whe_alu_div(high, rax & by->mask, divisor, insn->operation == WHE_OP_SIGNED, by->size,
                     &quotient, &remainder))
        return whe_fault_de(call);
    write_pair(call, remainder, quotient, by->size);
    return WHE_OK;
}
