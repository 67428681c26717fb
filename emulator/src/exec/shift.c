/* SPDX-License-Identifier: MIT */
/* SHL, SHR, SAR, ROL, ROR, RCL, RCR, SHLD, SHRD: SDM 2B. */
#include "alu.h"
#include "kernel.h"

/* The operand is written even if the count is 0; the flags are not. */
static enum whe_vector finish(struct whe_work *work, uint64_t count)
{
    const unsigned size = work->insn->operand[0].size;
    work->writes_flags = (count & (size == 8 ? 63 : 31)) != 0;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_shift(struct whe_work *work)
{
    union whe_value *value = work->value;
    value[0].u64 =
        whe_alu_shift((enum whe_shift)work->insn->operation, value[0].u64,
                      (unsigned)value[1].u64 & 0xff, work->insn->operand[0].size, &work->rflags);
    return finish(work, value[1].u64);
}

static enum whe_vector shift_double(struct whe_work *work, bool is_left)
{
    union whe_value *value = work->value;
    value[0].u64 =
        whe_alu_shift_double(is_left, value[0].u64, value[1].u64, (unsigned)value[2].u64 & 0xff,
                             work->insn->operand[0].size, &work->rflags);
    return finish(work, value[2].u64);
}

enum whe_vector whe_kernel_shld(struct whe_work *work)
{
    return shift_double(work, true);
}

enum whe_vector whe_kernel_shrd(struct whe_work *work)
{
    return shift_double(work, false);
}
