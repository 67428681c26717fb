/* SPDX-License-Identifier: MIT */
/* Moves that are more than a copy of up to 8 bytes: SDM 2B, 2D. */
#include "bits.h"
#include "kernel.h"

enum whe_vector whe_kernel_movsx(struct whe_work *work)
{
    const unsigned size = work->insn->operand[1].size;
    work->value[0].u64 = whe_sign_extend(work->value[1].u64, size);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_movbe(struct whe_work *work)
{
    const unsigned size = work->insn->operand[1].size;
    work->value[0].u64 = __builtin_bswap64(work->value[1].u64) >> (64 - 8 * size);
    return WHE_VECTOR_NONE;
}

/* The table comes first, then AL. */
enum whe_vector whe_kernel_xlat(struct whe_work *work)
{
    work->value[1].u64 = work->value[0].u64;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_copy128(struct whe_work *work)
{
    work->value[0].u128 = work->value[1].u128;
    return WHE_VECTOR_NONE;
}

/* The register that holds the address, the source, the destination. */
enum whe_vector whe_kernel_copy_line(struct whe_work *work)
{
    work->value[2] = work->value[1];
    return WHE_VECTOR_NONE;
}
