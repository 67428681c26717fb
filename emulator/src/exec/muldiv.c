/* SPDX-License-Identifier: MIT */
/*
 * MUL, IMUL, DIV, IDIV: SDM 2A, 2B. With one explicit operand the others are the accumulator and
 * what is above it: AL and AX for bytes, of which AX alone for a division; else rAX and rDX.
 */
#include "alu.h"
#include "kernel.h"

static void multiply_accumulator(struct whe_work *work)
{
    union whe_value *value = work->value;
    const unsigned size = work->insn->operand[0].size;
    uint64_t high;
    const uint64_t low = whe_alu_mul(value[0].u64, value[1].u64, work->insn->operation != 0, size,
                                     &high, &work->rflags);
    value[1].u64 = low;
    value[2].u64 = size == 1 ? high << 8 | low : high;
}

/* Two operands: the first times the second; three: the second times the third. */
enum whe_vector whe_kernel_mul(struct whe_work *work)
{
    const struct whe_operand *operand = work->insn->operand;
    union whe_value *value = work->value;
    if (!(work->writes & 1)) {
        multiply_accumulator(work);
        return WHE_VECTOR_NONE;
    }
    const bool has_three = operand[2].kind == WHE_OPERAND_IMMEDIATE;
    const uint64_t a = has_three ? value[2].u64 & operand[0].mask : value[0].u64;
    uint64_t high;
    value[0].u64 = whe_alu_mul(value[1].u64, a, true, operand[0].size, &high, &work->rflags);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_div(struct whe_work *work)
{
    union whe_value *value = work->value;
    const struct whe_operand *by = &work->insn->operand[0];
    const uint64_t high = by->size == 1 ? value[1].u64 >> 8 : value[2].u64;
    uint64_t quotient, remainder;
    if (!whe_alu_div(high, value[1].u64 & by->mask, value[0].u64, work->insn->operation != 0,
                     by->size, &quotient, &remainder))
        return WHE_VECTOR_DE;
    value[1].u64 = by->size == 1 ? remainder << 8 | quotient : quotient;
    value[2].u64 = remainder;
    return WHE_VECTOR_NONE;
}
