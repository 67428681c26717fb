/* SPDX-License-Identifier: MIT */
/* PUSH and POP: SDM 2B. The operand, rSP, the stack. */
#include "kernel.h"

enum whe_vector whe_kernel_push(struct whe_work *work)
{
    work->value[2].u64 = work->value[0].u64;
    work->value[1].u64 -= work->insn->operand[2].size;
    return WHE_VECTOR_NONE;
}

/* POP rSP ends with what was popped: the first operand is written last. */
enum whe_vector whe_kernel_pop(struct whe_work *work)
{
    work->value[0].u64 = work->value[2].u64;
    work->value[1].u64 += work->insn->operand[2].size;
    return WHE_VECTOR_NONE;
}
