/* SPDX-License-Identifier: MIT */
/* SHL, SHR, SAR, ROL, ROR, RCL, RCR, SHLD, SHRD: SDM 2B. */
#include "alu.h"
#include "exec.h"
#include "operand.h"

_Static_assert(WHE_OP_SHL + WHE_RCR == WHE_OP_RCR,
               "operations stand in the order of enum whe_shift");

/* The operand is written even if the count is 0; the flags are not. */
static enum whe_result finish(struct whe_call *call, const struct whe_operand *to, uint64_t result,
                              uint64_t count, uint64_t rflags)
{
    WHE_TRY(whe_operand_write(call, to, result));
    if ((count & (to->size == 8 ? 63 : 31)) != 0)
        whe_write_rflags(call, rflags);
    return WHE_OK;
}

enum whe_result whe_exec_shift(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t rflags = call->vp->Rflags;
    uint64_t value, count;
    WHE_TRY(whe_operand_read(call, to, &value));
    WHE_TRY(whe_operand_read(call, &insn->operand[1], &count));
    enum whe_shift kind = (enum whe_shift)(insn->operation - WHE_OP_SHL);
    value = whe_alu_shift(kind, value, (unsigned)count & 0xff, to->size, &rflags);
    return finish(call, to, value, count, rflags);
}

enum whe_result whe_exec_shift_double(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t rflags = call->vp->Rflags;
    uint64_t value, fill, count;
    WHE_TRY(whe_operand_read(call, to, &value));
    WHE_TRY(whe_operand_read(call, &insn->operand[1], &fill));
    WHE_TRY(whe_operand_read(call, &insn->operand[2], &count));
    value = whe_alu_shift_double(insn->operation == WHE_OP_SHL, value, fill, (unsigned)count & 0xff,
                                 to->size, &rflags);
    return finish(call, to, value, count, rflags);
}
