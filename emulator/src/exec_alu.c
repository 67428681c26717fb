/* SPDX-License-Identifier: MIT */
/* ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST, INC, DEC, NEG, NOT: SDM 2A, 2B. */
#include "alu.h"
#include "exec.h"
#include "operand.h"

/* INC and DEC leave CF alone. */
static uint64_t keep_carry(uint64_t rflags, uint64_t before)
{
    return (rflags & ~WHE_RFLAGS_CF) | (before & WHE_RFLAGS_CF);
}

/* Reads both operands; of INC and DEC the second is an immediate 1. */
static inline enum whe_result read_operands(struct whe_call *call, const struct whe_insn *insn,
                                            uint64_t *a, uint64_t *b)
{
    const struct whe_operand *to = &insn->operand[0];
    WHE_TRY(whe_operand_read(call, to, a));
    WHE_TRY(whe_operand_read(call, &insn->operand[1], b));
    *b &= to->mask;
    return WHE_OK;
}

static inline enum whe_result add(struct whe_call *call, const struct whe_insn *insn,
                                  unsigned carry)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t rflags = call->vp->Rflags;
    uint64_t a, b;
    WHE_TRY(read_operands(call, insn, &a, &b));
    uint64_t result = whe_alu_add(a, b, carry, to->size, &rflags);
    if (insn->operation == WHE_OP_INC)
        rflags = keep_carry(rflags, call->vp->Rflags);
    whe_write_rflags(call, rflags);
    return whe_operand_write(call, to, result);
}

enum whe_result whe_exec_add(struct whe_call *call, const struct whe_insn *insn)
{
    return add(call, insn, 0);
}

enum whe_result whe_exec_adc(struct whe_call *call, const struct whe_insn *insn)
{
    return add(call, insn, call->vp->Rflags & WHE_RFLAGS_CF);
}

static inline enum whe_result subtract(struct whe_call *call, const struct whe_insn *insn,
                                       unsigned borrow)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t rflags = call->vp->Rflags;
    uint64_t a, b;
    WHE_TRY(read_operands(call, insn, &a, &b));
    uint64_t result = whe_alu_sub(a, b, borrow, to->size, &rflags);
    if (insn->operation == WHE_OP_DEC)
        rflags = keep_carry(rflags, call->vp->Rflags);
    whe_write_rflags(call, rflags);
    return insn->operation == WHE_OP_CMP ? WHE_OK : whe_operand_write(call, to, result);
}

enum whe_result whe_exec_sub(struct whe_call *call, const struct whe_insn *insn)
{
    return subtract(call, insn, 0);
}

enum whe_result whe_exec_sbb(struct whe_call *call, const struct whe_insn *insn)
{
    return subtract(call, insn, call->vp->Rflags & WHE_RFLAGS_CF);
}

enum whe_result whe_exec_logic(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t rflags = call->vp->Rflags;
    uint64_t a, b;
    WHE_TRY(read_operands(call, insn, &a, &b));
    uint64_t result = a & b;
    if (insn->operation == WHE_OP_OR)
        result = a | b;
    else if (insn->operation == WHE_OP_XOR)
        result = a ^ b;
    whe_alu_logic(result, to->size, &rflags);
    whe_write_rflags(call, rflags);
    return insn->operation == WHE_OP_TEST ? WHE_OK : whe_operand_write(call, to, result);
}

enum whe_result whe_exec_neg(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t rflags = call->vp->Rflags;
    uint64_t value;
    WHE_TRY(whe_operand_read(call, to, &value));
    uint64_t result = whe_alu_sub(0, value, 0, to->size, &rflags);
    whe_write_rflags(call, rflags);
    return whe_operand_write(call, to, result);
}

/* No flags. */
enum whe_result whe_exec_not(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t value;
    WHE_TRY(whe_operand_read(call, to, &value));
    return whe_operand_write(call, to, ~value);
}
