/* SPDX-License-Identifier: MIT */
/* SETcc, CMOVcc: SDM 2A, 2B. */
#include "alu.h"
#include "exec.h"
#include "operand.h"

static bool holds(const struct whe_call *call, const struct whe_insn *insn)
{
    return whe_alu_condition(insn->operation - WHE_OP_CONDITION_O, call->vp->Rflags);
}

enum whe_result whe_exec_setcc(struct whe_call *call, const struct whe_insn *insn)
{
    return whe_operand_write(call, &insn->operand[0], holds(call, insn));
}

/* The source is read, and a 32-bit destination zero-extended, whatever the condition says. */
enum whe_result whe_exec_cmovcc(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t value, old;
    WHE_TRY(whe_operand_read(call, &insn->operand[1], &value));
    WHE_TRY(whe_operand_read(call, to, &old));
    return whe_operand_write(call, to, holds(call, insn) ? value : old);
}
