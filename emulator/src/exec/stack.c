/* SPDX-License-Identifier: MIT */
/* PUSH, POP, PUSHA, POPA, PUSHF, POPF: SDM 2B; ENTER, LEAVE: 2A. */
#include <string.h>

#include "flags.h"
#include "kernel.h"
#include "rflags.h"

#define RSP 4u

/* The operand, rSP, the stack. */

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

/* rSP, the stack: in memory the last of the registers comes first. */
enum whe_vector whe_kernel_pusha(struct whe_work *work)
{
    const unsigned size = work->insn->operand_size;
    for (unsigned i = 0; i < 8; i++)
        memcpy(work->value[1].bytes + size * (7 - i), &work->gpr[i], size);
    work->value[0].u64 -= 8u * size;
    return WHE_VECTOR_NONE;
}

/* What was pushed of rSP is passed over. */
enum whe_vector whe_kernel_popa(struct whe_work *work)
{
    const unsigned size = work->insn->operand_size;
    for (unsigned i = 0; i < 8; i++)
        memcpy(&work->gpr[i], work->value[1].bytes + size * (7 - i), size);
    work->gprs_written = 0xff & ~(1u << RSP);
    work->value[0].u64 += 8u * size;
    return WHE_VECTOR_NONE;
}

/* rSP, the stack. VM and RF are pushed as 0. */
enum whe_vector whe_kernel_pushf(struct whe_work *work)
{
    uint64_t flags = work->rflags & ~(WHE_RFLAGS_VM | WHE_RFLAGS_RF);
    const unsigned size = work->insn->operand_size;
    if (whe_flags_are_refused(work->mode, size, flags, work->control.cr4))
        return WHE_VECTOR_GP;
    if (whe_flags_are_virtual(work->mode, size, flags, work->control.cr4)) {
        flags &= ~WHE_RFLAGS_IF;
        flags |= WHE_RFLAGS_IOPL | (flags & WHE_RFLAGS_VIF ? WHE_RFLAGS_IF : 0);
    }
    work->value[1].u64 = flags;
    work->value[0].u64 -= work->insn->operand[1].size;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_popf(struct whe_work *work)
{
    const unsigned size = work->insn->operand_size;
    const uint64_t cr4 = work->control.cr4;
    if (whe_flags_are_refused(work->mode, size, work->rflags, cr4) ||
        !whe_flags_pop(work->mode, size, cr4, work->value[1].u64, 0, &work->rflags))
        return WHE_VECTOR_GP;
    work->writes_flags = true;
    work->value[0].u64 += work->insn->operand[1].size;
    return WHE_VECTOR_NONE;
}

/* What a push of ENTER, from 1 on, copies of an outer frame: it may lie in what was pushed. */
static void copy_pointer(const struct whe_work *work, unsigned push, const uint8_t *outer,
                         uint8_t *pushed, unsigned total)
{
    const unsigned size = work->insn->operand_size;
    const uint64_t bottom = work->value[3].u64 - total;
    const unsigned done = total - push * size;
    for (unsigned i = 0; i < size; i++) {
        const uint64_t at =
            (work->value[2].u64 - (uint64_t)push * size + i - bottom) & work->stack_mask;
        pushed[done - size + i] = at >= done && at < total ? pushed[at] : outer[i];
    }
}

/* How much to release, the level, rBP, rSP, what is pushed, and from level 2 on the pointers of
   outer frames. */
enum whe_vector whe_kernel_enter(struct whe_work *work)
{
    const unsigned size = work->insn->operand_size;
    const unsigned level = work->value[1].u64 % 32;
    const unsigned total = work->insn->operand[4].size;
    const uint64_t rsp = work->value[3].u64;
    const uint64_t frame = (rsp & ~work->stack_mask) | ((rsp - size) & work->stack_mask);
    const bool is_large = total > sizeof(union whe_value);
    uint8_t *pushed = is_large ? work->block : work->value[4].bytes;
    uint8_t outer[31 * 8];
    if (level > 1) {
        const unsigned count = work->insn->operand[5].size;
        memcpy(outer, count > sizeof(union whe_value) ? work->block : work->value[5].bytes, count);
    }
    memcpy(pushed + total - size, &work->value[2].u64, size);
    for (unsigned push = 1; push < level; push++)
        copy_pointer(work, push, outer + (level - 1 - push) * size, pushed, total);
    if (level > 0)
        memcpy(pushed, &frame, size);
    work->block_size = (uint16_t)total;
    work->value[2].u64 = frame;
    work->value[3].u64 -= total + (work->value[0].u64 & 0xffff);
    return WHE_VECTOR_NONE;
}

/* The stack at rBP, rBP, rSP. */
enum whe_vector whe_kernel_leave(struct whe_work *work)
{
    work->value[2].u64 = work->value[1].u64 + work->insn->operand[0].size;
    work->value[1].u64 = work->value[0].u64;
    return WHE_VECTOR_NONE;
}
