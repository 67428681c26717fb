/* SPDX-License-Identifier: MIT */
/* What is there for MMX registers alone: SDM 2B. */
#include <string.h>

#include "kernel.h"

/* Two bits of the immediate for each word. */
enum whe_vector whe_kernel_pshufw(struct whe_work *work)
{
    const uint64_t from = work->value[1].u64;
    const unsigned order = (unsigned)work->value[2].u64;
    uint64_t to = 0;
    for (unsigned i = 0; i < 4; i++)
        to |= (from >> 16 * (order >> 2 * i & 3) & 0xffff) << 16 * i;
    work->value[0].u64 = to;
    return WHE_VECTOR_NONE;
}

/* Every integer is a double exactly: nothing is rounded, nothing raised. */
enum whe_vector whe_kernel_cvtpi2pd(struct whe_work *work)
{
    const uint64_t from = work->value[1].u64;
    const double to[2] = {(double)(int32_t)from, (double)(int32_t)(from >> 32)};
    memcpy(work->value[0].bytes, to, sizeof(to));
    return WHE_VECTOR_NONE;
}
