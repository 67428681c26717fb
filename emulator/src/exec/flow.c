/* SPDX-License-Identifier: MIT */
/* Near branches: SDM 2A, CALL, JMP, Jcc, LOOP; 2B, RET. Whether code may run at the target the
 * pipeline checks. */
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

/* The target, rSP, the stack. */
enum whe_vector whe_kernel_call(struct whe_work *work)
{
    work->value[2].u64 = work->next_rip;
    work->value[1].u64 -= work->insn->operand[2].size;
    return whe_kernel_jmp(work);
}

/* How much more to release, if anything; rSP, the stack. */
enum whe_vector whe_kernel_ret(struct whe_work *work)
{
    const struct whe_operand *operand = work->insn->operand;
    const unsigned at = operand[0].kind == WHE_OPERAND_IMMEDIATE;
    work->next_rip = work->value[at + 1].u64 & whe_mask_from_size(work->insn->operand_size);
    work->value[at].u64 += operand[at + 1].size + (at ? work->value[0].u64 & 0xffff : 0);
    return WHE_VECTOR_NONE;
}

/* The target, rCX. */
enum whe_vector whe_kernel_loop(struct whe_work *work)
{
    const bool is_zero = (work->rflags & WHE_RFLAGS_ZF) != 0;
    work->value[1].u64 = (work->value[1].u64 - 1) & work->insn->operand[1].mask;
    if (work->value[1].u64 == 0 ||
        work->insn->operation == (is_zero ? WHE_LOOP_NOT_EQUAL : WHE_LOOP_EQUAL))
        return WHE_VECTOR_NONE;
    return whe_kernel_jmp(work);
}

enum whe_vector whe_kernel_jcxz(struct whe_work *work)
{
    return work->value[1].u64 == 0 ? whe_kernel_jmp(work) : WHE_VECTOR_NONE;
}
