/* SPDX-License-Identifier: MIT */
/* BT, BTS, BTR, BTC, BSF, BSR: SDM 2A. */
#include "exec.h"
#include "operand.h"

/* The whole operands of the bit offset are part of the planned address: emulate.c. */
enum whe_result whe_exec_bit(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    uint64_t rflags = call->vp->Rflags & ~WHE_RFLAGS_CF;
    uint64_t value, offset;
    WHE_TRY(whe_operand_read(call, to, &value));
    WHE_TRY(whe_operand_read(call, &insn->operand[1], &offset));
    uint64_t bit = UINT64_C(1) << (offset & (8u * to->size - 1));
    if (value & bit)
        rflags |= WHE_RFLAGS_CF;
    if (insn->operation == WHE_OP_BTS)
        value |= bit;
    else if (insn->operation == WHE_OP_BTR)
        value &= ~bit;
    else
        value ^= bit;
    if (insn->operation != WHE_OP_BT)
        WHE_TRY(whe_operand_write(call, to, value));
    whe_write_rflags(call, rflags);
    return WHE_OK;
}

/* With no bit set the destination stays as it is: so AMD documents, and so Intel's processors do.
 */
enum whe_result whe_exec_bit_scan(struct whe_call *call, const struct whe_insn *insn)
{
    uint64_t rflags = call->vp->Rflags & ~WHE_RFLAGS_ZF;
    uint64_t value;
    WHE_TRY(whe_operand_read(call, &insn->operand[1], &value));
    if (value == 0) {
        whe_write_rflags(call, rflags | WHE_RFLAGS_ZF);
        return WHE_OK;
    }
    unsigned index = insn->operation == WHE_OP_FORWARD ? (unsigned)__builtin_ctzll(value)
                                                       : 63 - (unsigned)__builtin_clzll(value);
    whe_write_rflags(call, rflags);
    return whe_operand_write(call, &insn->operand[0], index);
}
