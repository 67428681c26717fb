/* SPDX-License-Identifier: MIT */
/* SETcc, CMOVcc: SDM 2A, 2B. */
#include "alu.h"
#include "kernel.h"

enum whe_vector whe_kernel_setcc(struct whe_work *work)
{
    work->value[0].u64 = whe_alu_condition(work->insn->operation, work->rflags);
    return WHE_VECTOR_NONE;
}

/* The source is read, and a 32-bit destination zero-extended, whatever the condition says. */
enum whe_vector whe_kernel_cmovcc(struct whe_work *work)
{
    if (whe_alu_condition(work->insn->operation, work->rflags))
        work->value[0].u64 = work->value[1].u64;
    return WHE_VECTOR_NONE;
}
