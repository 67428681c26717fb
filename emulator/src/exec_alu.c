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

static uint64_t compute(enum whe_operation operation, uint64_t a, uint64_t b, unsigned size,
                        uint64_t *rflags)
{
    const uint64_t before = *rflags;
    const unsigned carry = (before & WHE_RFLAGS_CF) != 0;
    uint64_t result;
    switch (operation) {
    case WHE_OP_ADD:
        return whe_alu_add(a, b, 0, size, rflags);
    case WHE_OP_ADC:
        return whe_alu_add(a, b, carry, size, rflags);
    case WHE_OP_SUB:
    case WHE_OP_CMP:
        return whe_alu_sub(a, b, 0, size, rflags);
    case WHE_OP_SBB:
        return whe_alu_sub(a, b, carry, size, rflags);
    case WHE_OP_OR:
        return whe_alu_logic(a | b, size, rflags);
    case WHE_OP_XOR:
        return whe_alu_logic(a ^ b, size, rflags);
    case WHE_OP_AND:
    case WHE_OP_TEST:
        return whe_alu_logic(a & b, size, rflags);
    case WHE_OP_NEG:
        return whe_alu_sub(0, a, 0, size, rflags);
    case WHE_OP_INC:
        result = whe_alu_add(a, 1, 0, size, rflags);
        *rflags = keep_carry(*rflags, before);
        return result;
    case WHE_OP_DEC:
        result = whe_alu_sub(a, 1, 0, size, rflags);
        *rflags = keep_carry(*rflags, before);
        return result;
    default: /* NOT: no flags */
        return ~a & whe_mask_from_size(size);
    }
}

enum whe_result whe_exec_alu(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t rflags = call->exit.rflags;
    uint64_t a;
    uint64_t b = 0;
    WHE_TRY(whe_operand_read(call, to, &a));
    if (insn->operand[1].kind != WHE_OPERAND_NONE)
        WHE_TRY(whe_operand_read(call, &insn->operand[1], &b));
    uint64_t result = compute(insn->operation, a, b & to->mask, to->size, &rflags);
    if (insn->operation != WHE_OP_CMP && insn->operation != WHE_OP_TEST)
        WHE_TRY(whe_operand_write(call, to, result));
    if (insn->operation != WHE_OP_NOT)
        whe_write_rflags(call, rflags);
    return WHE_OK;
}
