/* SPDX-License-Identifier: MIT */
/* Near branches: SDM 2A, JMP and Jcc. Whether code may run at the target the pipeline checks. */
#include "alu.h"
#include "bits.h"
#include "kernel.h"

enum whe_vector whe_kernel_jmp(struct whe_work *work)
{
    const struct whe_insn *insn = work->insn;
    const uint64_t target = work->value[0].u64;
    const bool is_relative = insn->operand[0].kind == WHE_OPERAND_IMMEDIATE;
    work->next_rip =
        (is_relative ? work->next_rip + target : target) & whe_mask_from_size(insn->operand_size);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_jcc(struct whe_work *work)
{
    if (whe_alu_condition(work->insn->operation, work->rflags))
        return whe_kernel_jmp(work);
    return WHE_VECTOR_NONE;
}
