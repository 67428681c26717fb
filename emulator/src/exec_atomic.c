/* SPDX-License-Identifier: MIT */
/*
 * XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B: SDM 2A, 2D. With or without LOCK they are a read and
 * a write of the operand; nothing but the virtual machine can make that atomic.
 */
#include <string.h>

#include "alu.h"
#include "exec.h"
#include "operand.h"

enum whe_result whe_exec_xchg(struct whe_call *call, const struct whe_insn *insn)
{
    uint64_t a, b;
    WHE_TRY(whe_operand_read(call, &insn->operand[0], &a));
    WHE_TRY(whe_operand_read(call, &insn->operand[1], &b));
    WHE_TRY(whe_operand_write(call, &insn->operand[0], b));
    return whe_operand_write(call, &insn->operand[1], a);
}

enum whe_result whe_exec_xadd(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    const struct whe_operand *from = &insn->operand[1];
    uint64_t rflags = call->vp->Rflags;
    uint64_t a, b;
    WHE_TRY(whe_operand_read(call, to, &a));
    WHE_TRY(whe_operand_read(call, from, &b));
    uint64_t sum = whe_alu_add(a, b, 0, to->size, &rflags);
    /* The source first: where both are one register, the sum stays. */
    if (to->kind == WHE_OPERAND_GPR)
        WHE_TRY(whe_operand_write(call, from, a));
    WHE_TRY(whe_operand_write(call, to, sum));
    if (to->kind != WHE_OPERAND_GPR)
        WHE_TRY(whe_operand_write(call, from, a));
    whe_write_rflags(call, rflags);
    return WHE_OK;
}

/* A comparison that fails still does its write cycle: emulate.c writes what was read. */
enum whe_result whe_exec_cmpxchg(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t rflags = call->vp->Rflags;
    uint64_t old, new;
    WHE_TRY(whe_operand_read(call, to, &old));
    WHE_TRY(whe_operand_read(call, &insn->operand[1], &new));
    uint64_t accumulator = whe_reg_get(&call->regs, WHE_REG_RAX) & to->mask;
    if (accumulator == old)
        WHE_TRY(whe_operand_write(call, to, new));
    else
        whe_gpr_write(&call->regs, WHE_REG_RAX, to->mask, 0, old);
    whe_alu_sub(accumulator, old, 0, to->size, &rflags);
    whe_write_rflags(call, rflags);
    return WHE_OK;
}

/* Two halves of 4 or 8 bytes: rDX:rAX is compared, rCX:rBX is stored. */
enum whe_result whe_exec_cmpxchg_pair(struct whe_call *call, const struct whe_insn *insn)
{
    const unsigned half = insn->operand[0].size / 2u;
    const uint64_t mask = whe_mask_from_size(half);
    struct whe_regs *regs = &call->regs;
    uint64_t rflags = call->vp->Rflags & ~WHE_RFLAGS_ZF;
    uint8_t bytes[16];
    uint64_t low = 0;
    uint64_t high = 0;
    WHE_TRY(whe_memory_read(call, bytes));
    memcpy(&low, bytes, half);
    memcpy(&high, bytes + half, half);
    bool is_equal = low == (whe_reg_get(regs, WHE_REG_RAX) & mask) &&
                    high == (whe_reg_get(regs, WHE_REG_RDX) & mask);
    if (is_equal) {
        uint64_t rbx = whe_reg_get(regs, WHE_REG_RBX);
        uint64_t rcx = whe_reg_get(regs, WHE_REG_RCX);
        memcpy(bytes, &rbx, half);
        memcpy(bytes + half, &rcx, half);
        rflags |= WHE_RFLAGS_ZF;
    }
    WHE_TRY(whe_memory_write(call, bytes));
    if (!is_equal) {
        whe_gpr_write(regs, WHE_REG_RAX, mask, 0, low);
        whe_gpr_write(regs, WHE_REG_RDX, mask, 0, high);
    }
    whe_write_rflags(call, rflags);
    return WHE_OK;
}
