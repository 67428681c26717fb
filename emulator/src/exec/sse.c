/* SPDX-License-Identifier: MIT */
/* Moves of parts of XMM registers: SDM 2B. A register that is written in part was read before, one
   that is written whole is 0: what a kernel leaves is right in both. */
#include "bits.h"
#include "kernel.h"

/* Up to 8 bytes, from and to the low end. */
enum whe_vector whe_kernel_copy_low(struct whe_work *work)
{
    const unsigned size = work->insn->operand[1].size;
    const uint64_t mask = whe_mask_from_size(size < 8 ? size : 8);
    union whe_value *value = work->value;
    value[0].u64 = (value[0].u64 & ~mask) | (value[1].u64 & mask);
    return WHE_VECTOR_NONE;
}

/* The high half goes to memory or to the low half, otherwise what is low becomes the high half. */
enum whe_vector whe_kernel_copy_high(struct whe_work *work)
{
    union whe_value *value = work->value;
    if (work->insn->operation || work->insn->operand[0].kind == WHE_OPERAND_MEMORY)
        value[0].u64 = value[1].u128.High64;
    else
        value[0].u128.High64 = value[1].u64;
    return WHE_VECTOR_NONE;
}
