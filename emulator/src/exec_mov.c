/* SPDX-License-Identifier: MIT */
/* MOV in all forms, MOVZX, MOVSX, MOVSXD, MOVNTI, MOVDIRI, MOVBE, XLAT: SDM 2B, 2D. */
#include "attributes.h"
#include "descriptor.h"
#include "exec.h"
#include "operand.h"

/* Apart from the other moves, which then need no stack frame. */
static WHE_COLD enum whe_result move_to_segment(struct whe_call *call, enum whe_reg segment,
                                                uint64_t value)
{
    WHE_TRY(whe_load_segment(call, segment, (uint16_t)value));
    /* The next instruction is to load rSP: neither interrupt nor trap may come between. SDM
     * 3A, 6.8.3. */
    if (segment == WHE_REG_SS)
        call->mode.specials |= WHE_SPECIAL_BLOCKS;
    return WHE_OK;
}

static uint64_t convert(enum whe_operation operation, uint64_t value, unsigned size)
{
    if (operation == WHE_OP_SIGN_EXTEND)
        return whe_sign_extend(value, size);
    return __builtin_bswap64(value) >> (64 - 8 * size);
}

enum whe_result whe_exec_mov(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    const struct whe_operand *from = &insn->operand[1];
    uint64_t value;
    WHE_TRY(whe_operand_read(call, from, &value));
    if (insn->operation != WHE_OP_COPY)
        value = convert(insn->operation, value, from->size);
    if (to->kind == WHE_OPERAND_SEGMENT)
        return move_to_segment(call, to->reg, value);
    return whe_operand_write(call, to, value);
}
