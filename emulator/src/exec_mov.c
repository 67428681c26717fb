/* SPDX-License-Identifier: MIT */
/* MOV in all forms, MOVZX, MOVSX, MOVSXD, MOVNTI, MOVDIRI, MOVBE, XLAT: SDM 2B, 2D. */
#include "descriptor.h"
#include "exec.h"
#include "operand.h"

static enum whe_result move_to_segment(struct whe_call *call, enum whe_reg segment, uint64_t value)
{
    WHE_TRY(whe_load_segment(call, segment, (uint16_t)value));
    /* The next instruction is to load rSP: neither interrupt nor trap may come between. SDM
     * 3A, 6.8.3. */
    if (segment == WHE_REG_SS)
        call->retirement = WHE_RETIRES_BLOCKING;
    return WHE_OK;
}

enum whe_result whe_exec_mov(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    const struct whe_operand *from = &insn->operand[1];
    uint64_t value;
    WHE_TRY(whe_operand_read(call, from, &value));
    if (insn->operation == WHE_OP_SIGN_EXTEND)
        value = whe_sign_extend(value, from->size);
    else if (insn->operation == WHE_OP_SWAP_BYTES)
        value = __builtin_bswap64(value) >> (64 - 8 * from->size);
    if (to->kind == WHE_OPERAND_SEGMENT)
        return move_to_segment(call, to->reg, value);
    return whe_operand_write(call, to, value);
}
