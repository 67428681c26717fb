/* SPDX-License-Identifier: MIT */
/*
 * This machine's floating-point instructions, a row of fp.def each. All of a run is one statement,
 * so that no computation of the compiler's comes under the guest's MXCSR; the machine's own is back
 * at its end. No exception is open in between, and a signal's handler has an MXCSR of its own.
 */
#include "fp.h"

#include "rflags.h"

#ifdef __x86_64__

/* The operands of a statement are those of the instruction, and three words. */
#define RUN(instruction, outputs, inputs)                                                          \
    do {                                                                                           \
        uint32_t host;                                                                             \
        uint32_t after;                                                                            \
        __asm__ volatile("stmxcsr %[host]\n\tldmxcsr %[control]\n\t" instruction                   \
                         "\n\tstmxcsr %[after]\n\tldmxcsr %[host]"                                 \
                         : [host] "=m"(host), [after] "=m"(after), outputs                         \
                         : [control] "m"(fp->control), inputs);                                    \
        fp->flags = after & WHE_MXCSR_FLAGS;                                                       \
    } while (0)
#define ROUND_BY_MXCSR 4
#define ROUND_SILENT   8
#define A              [a] "+x"(fp->a)
#define B              [b] "x"(fp->b)

#define RUN_VECTOR(mnemonic)                                                                       \
    static void run_##mnemonic(struct whe_fp *fp)                                                  \
    {                                                                                              \
        RUN(#mnemonic " %[b], %[a]", A, B);                                                        \
    }

/* Of the immediate 3 bits count: SDM 2A, "CMPPS". */
#define RUN_COMPARE(mnemonic)                                                                      \
    static void run_##mnemonic(struct whe_fp *fp)                                                  \
    {                                                                                              \
        switch (fp->immediate & 7) {                                                               \
            COMPARE_BY(mnemonic, 0)                                                                \
            COMPARE_BY(mnemonic, 1)                                                                \
            COMPARE_BY(mnemonic, 2)                                                                \
            COMPARE_BY(mnemonic, 3)                                                                \
            COMPARE_BY(mnemonic, 4)                                                                \
            COMPARE_BY(mnemonic, 5)                                                                \
            COMPARE_BY(mnemonic, 6)                                                                \
            COMPARE_BY(mnemonic, 7)                                                                \
        }                                                                                          \
    }
#define COMPARE_BY(mnemonic, predicate)                                                            \
    case predicate:                                                                                \
        RUN(#mnemonic " $" #predicate ", %[b], %[a]", A, B);                                       \
        break;

#define RUN_ORDER(mnemonic)                                                                        \
    static void run_##mnemonic(struct whe_fp *fp)                                                  \
    {                                                                                              \
        bool zero;                                                                                 \
        bool parity;                                                                               \
        bool carry;                                                                                \
        RUN(#mnemonic " %[b], %[a]",                                                               \
            "=@ccz"(zero)COMMA "=@ccp"(parity)COMMA "=@ccc"(carry), [a] "x"(fp->a)COMMA B);        \
        fp->order = (zero ? WHE_RFLAGS_ZF : 0) | (parity ? WHE_RFLAGS_PF : 0) |                    \
                    (carry ? WHE_RFLAGS_CF : 0);                                                   \
    }
#define COMMA ,

/* The immediate's rounding takes the place of MXCSR's, or that stands; a bit silences P. SDM 2B,
   "ROUNDPD", figure 4-24. */
static void set_rounding(struct whe_fp *fp)
{
    const uint32_t rounding = (uint32_t)(fp->immediate & 3) << WHE_MXCSR_RC_SHIFT;
    if (!(fp->immediate & ROUND_BY_MXCSR))
        fp->control = (fp->control & ~(uint32_t)WHE_MXCSR_RC) | rounding;
}

#define RUN_ROUND(mnemonic)                                                                        \
    static void run_##mnemonic(struct whe_fp *fp)                                                  \
    {                                                                                              \
        set_rounding(fp);                                                                          \
        RUN(#mnemonic " $4, %[b], %[a]", A, B);                                                    \
        if (fp->immediate & ROUND_SILENT)                                                          \
            fp->flags &= ~(uint32_t)WHE_MXCSR_PE;                                                  \
    }

/* Rounded as by the others; the other bits of the immediate are ignored. SDM 2C, "VCVTPS2PH". */
#define RUN_HALF(mnemonic)                                                                         \
    static void run_##mnemonic(struct whe_fp *fp)                                                  \
    {                                                                                              \
        set_rounding(fp);                                                                          \
        RUN(#mnemonic " $4, %[b], %[a]", A, B);                                                    \
        fp->general = (uint64_t)fp->a[0];                                                          \
    }

#define RUN_FROM(mnemonic)                                                                         \
    static void run_##mnemonic(struct whe_fp *fp)                                                  \
    {                                                                                              \
        if (fp->is_wide)                                                                           \
            RUN(#mnemonic "q %[from], %[a]", A, [from] "r"(fp->general));                          \
        else                                                                                       \
            RUN(#mnemonic "l %[from], %[a]", A, [from] "r"((uint32_t)fp->general));                \
    }

#define RUN_TO(mnemonic)                                                                           \
    static void run_##mnemonic(struct whe_fp *fp)                                                  \
    {                                                                                              \
        uint32_t narrow;                                                                           \
        if (fp->is_wide) {                                                                         \
            RUN(#mnemonic " %[b], %[to]", [to] "=r"(fp->general), B);                              \
        } else {                                                                                   \
            RUN(#mnemonic " %[b], %[to]", [to] "=r"(narrow), B);                                   \
            fp->general = narrow;                                                                  \
        }                                                                                          \
    }

/* The kernel of a row beside it. */
#define KERNEL(mnemonic, sum, element, alignment)                                                  \
    static const struct whe_fp_row row_##mnemonic = {                                              \
        run_##mnemonic, WHE_SUM_##sum, element, (alignment) / (element) ? 16 / (element) : 1};     \
    enum whe_vector whe_kernel_##mnemonic(struct whe_work *work)                                   \
    {                                                                                              \
        return whe_fp_kernel(work, &row_##mnemonic);                                               \
    }
#define VECTOR(mnemonic, sum, element, alignment)                                                  \
    RUN_VECTOR(mnemonic) KERNEL(mnemonic, sum, element, alignment)
#define COMPARE(mnemonic, sum, element, alignment)                                                 \
    RUN_COMPARE(mnemonic) KERNEL(mnemonic, sum, element, alignment)
#define ORDER(mnemonic, sum, element, alignment)                                                   \
    RUN_ORDER(mnemonic) KERNEL(mnemonic, sum, element, alignment)
#define ROUND(mnemonic, sum, element, alignment)                                                   \
    RUN_ROUND(mnemonic) KERNEL(mnemonic, sum, element, alignment)
#define FROM(mnemonic, sum, element, alignment)                                                    \
    RUN_FROM(mnemonic) KERNEL(mnemonic, sum, element, alignment)
#define TO(mnemonic, sum, element, alignment)                                                      \
    RUN_TO(mnemonic) KERNEL(mnemonic, sum, element, alignment)
#define HALF(mnemonic) RUN_HALF(mnemonic) KERNEL(mnemonic, HALF, 4, 16)
#define QUIET(mnemonic, sum, element, alignment)                                                   \
    RUN_VECTOR(mnemonic)                                                                           \
    enum whe_vector whe_kernel_##mnemonic(struct whe_work *work)                                   \
    {                                                                                              \
        return whe_fp_quiet(work, run_##mnemonic);                                                 \
    }
#define DOT4(mnemonic, sum, element, alignment)                                                    \
    enum whe_vector whe_kernel_##mnemonic(struct whe_work *work)                                   \
    {                                                                                              \
        return whe_fp_dot(work, &row_MULPS, &row_HADDPS, 2);                                       \
    }
#define DOT2(mnemonic, sum, element, alignment)                                                    \
    enum whe_vector whe_kernel_##mnemonic(struct whe_work *work)                                   \
    {                                                                                              \
        return whe_fp_dot(work, &row_MULPD, &row_HADDPD, 1);                                       \
    }
#define WHE_FP(mnemonic, form, sum, element, alignment) form(mnemonic, sum, element, alignment)
#define PAIR(mnemonic)                                                                             \
    enum whe_vector whe_kernel_mmx_##mnemonic(struct whe_work *work)                               \
    {                                                                                              \
        return whe_fp_pair(work, &row_##mnemonic);                                                 \
    }

#else

/* The decoder has refused them. */
#define WHE_FP(mnemonic, ...)                                                                      \
    enum whe_vector whe_kernel_##mnemonic(struct whe_work *work)                                   \
    {                                                                                              \
        (void)work;                                                                                \
        return WHE_VECTOR_NONE;                                                                    \
    }
#define PAIR(mnemonic) WHE_FP(mmx_##mnemonic)
#define HALF(mnemonic) WHE_FP(mnemonic)

#endif

#include "fp.def"

/* CVTPI2PS, CVTPS2PI, CVTTPS2PI, CVTPD2PI, CVTTPD2PI. */
PAIR(CVTDQ2PS)
PAIR(CVTPS2DQ)
PAIR(CVTTPS2DQ)
PAIR(CVTPD2DQ)
PAIR(CVTTPD2DQ)
/* What vex.def has of this machine's own. */
HALF(VCVTPS2PH)
