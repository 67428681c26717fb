/* SPDX-License-Identifier: MIT */
/* The moves of 16 bytes, and MOVDIR64B: SDM 2B. */
#include <string.h>

#include "event.h"
#include "exec.h"
#include "operand.h"
#include "translate.h"

enum whe_result whe_exec_mov128(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_operand *to = &insn->operand[0];
    const struct whe_operand *from = &insn->operand[1];
    WHV_UINT128 value;
    if (from->kind == WHE_OPERAND_MEMORY)
        WHE_TRY(whe_memory_read(call, &value));
    else
        value = whe_reg_get128(&call->regs, from->reg);
    if (to->kind == WHE_OPERAND_MEMORY)
        return whe_memory_write(call, &value);
    whe_reg_set128(&call->regs, to->reg, value);
    return WHE_OK;
}

#define LINE 64u

/* The destination is ES:[register], aligned to 64 bytes; it is probed before the source is read. */
enum whe_result whe_exec_movdir64b(struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_place place = {.segment = WHE_REG_ES,
                                    .is_flat = insn->place.is_flat,
                                    .size = LINE,
                                    .alignment = 1,
                                    .intent = WHE_INTENT_WRITE};
    uint64_t offset = whe_reg_get(&call->regs, insn->operand[0].reg) & insn->address_mask;
    uint8_t data[LINE];
    struct whe_span span;
    uint64_t linear;
    WHE_TRY(whe_linear(call, &place, offset, &linear));
    if (linear % LINE != 0)
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    WHE_TRY(whe_probe(call, linear, LINE, WHE_INTENT_WRITE, &span));
    WHE_TRY(whe_memory_read(call, data));
    return whe_span_write_bytes(call, &span, data);
}
