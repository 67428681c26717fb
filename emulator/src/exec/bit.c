/* SPDX-License-Identifier: MIT */
/* BSF, BSR: SDM 2A. */
#include "kernel.h"
#include "rflags.h"

/*
 * With no bit set the destination stays as it is: so AMD documents, and so Intel's processors do.
 */
static enum whe_vector scan(struct whe_work *work, bool is_forward)
{
    const uint64_t value = work->value[1].u64;
    work->rflags &= ~WHE_RFLAGS_ZF;
    if (value == 0) {
        work->rflags |= WHE_RFLAGS_ZF;
        work->writes = 0;
        return WHE_VECTOR_NONE;
    }
    work->value[0].u64 =
        is_forward ? (unsigned)__builtin_ctzll(value) : 63 - (unsigned)__builtin_clzll(value);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_bsf(struct whe_work *work)
{
    return scan(work, true);
}

enum whe_vector whe_kernel_bsr(struct whe_work *work)
{
    return scan(work, false);
}
