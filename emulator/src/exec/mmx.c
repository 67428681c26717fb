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

#ifdef __x86_64__

/* MXCSR: flags, masks 7 bits above them, rounding and the treatment of denormals. */
#define FLAGS      0x3fu
#define MASK_SHIFT 7
#define MASKED     0x1f80u
#define MODES      0xe040u
#define BEFORE     0x07u /* I, D and Z: seen before anything is computed */

typedef long long xmm __attribute__((vector_size(16), aligned(16)));

/* What the manual calls pairs lies in the low half of XMM registers; zeros above it raise nothing.
   The instruction runs masked, under the guest's modes, and this machine's MXCSR is back at the end
   of the statement. SDM 1, 11.5. */
#define RUN(instruction)                                                                           \
    static uint32_t run_##instruction(xmm *to, xmm from, uint32_t mxcsr)                           \
    {                                                                                              \
        uint32_t own;                                                                              \
        uint32_t after;                                                                            \
        __asm__ volatile("stmxcsr %[own]\n\tldmxcsr %[mxcsr]\n\t" #instruction                     \
                         " %[from], %[to]\n\tstmxcsr %[after]\n\tldmxcsr %[own]"                   \
                         : [to] "=x"(*to), [own] "=m"(own), [after] "=m"(after)                    \
                         : [from] "x"(from), [mxcsr] "m"(mxcsr));                                  \
        return after & FLAGS;                                                                      \
    }                                                                                              \
    enum whe_vector whe_kernel_mmx_##instruction(struct whe_work *work)                            \
    {                                                                                              \
        return convert(work, run_##instruction);                                                   \
    }

static enum whe_vector convert(struct whe_work *work,
                               uint32_t (*run)(xmm *to, xmm from, uint32_t mxcsr))
{
    const struct whe_operand *operand = work->insn->operand;
    uint32_t *mxcsr = &work->image->sse.XmmStatusControl;
    const uint32_t open = ~(*mxcsr >> MASK_SHIFT) & FLAGS;
    xmm from = {0};
    xmm to;
    memcpy(&from, work->value[1].bytes, operand[1].size);
    const uint32_t flags = run(&to, from, (*mxcsr & MODES) | MASKED);
    const bool is_before = (flags & open & BEFORE) != 0;
    *mxcsr |= is_before ? flags & BEFORE : flags;
    if (flags & open)
        return WHE_VECTOR_XM;
    memcpy(work->value[0].bytes, &to, operand[0].size);
    return WHE_VECTOR_NONE;
}

#else

/* The decoder has refused them. */
#define RUN(instruction)                                                                           \
    enum whe_vector whe_kernel_mmx_##instruction(struct whe_work *work)                            \
    {                                                                                              \
        (void)work;                                                                                \
        return WHE_VECTOR_NONE;                                                                    \
    }

#endif

RUN(cvtdq2ps)
RUN(cvtps2dq)
RUN(cvttps2dq)
RUN(cvtpd2dq)
RUN(cvttpd2dq)
