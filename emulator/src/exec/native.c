/* SPDX-License-Identifier: MIT */
/*
 * Kernels that are this machine's own instructions, a row of native.def each. Only instructions
 * whose result depends on their operands alone are here: nothing of the guest's but values reaches
 * the processor, and pipeline/native.h has made sure that it knows the instruction.
 */
#include "native.h"

#include "kernel.h"

#ifdef __x86_64__

#define XMM(mnemonic)                                                                              \
    enum whe_vector whe_kernel_##mnemonic(struct whe_work *work)                                   \
    {                                                                                              \
        whe_xmm a = whe_xmm_from_value(&work->value[0]);                                           \
        const whe_xmm b = whe_xmm_from_value(&work->value[1]);                                     \
        __asm__(#mnemonic " %1, %0" : "+x"(a) : "x"(b));                                           \
        whe_xmm_to_value(a, &work->value[0]);                                                      \
        return WHE_VECTOR_NONE;                                                                    \
    }

#define XMM0(mnemonic)                                                                             \
    enum whe_vector whe_kernel_##mnemonic(struct whe_work *work)                                   \
    {                                                                                              \
        whe_xmm a = whe_xmm_from_value(&work->value[0]);                                           \
        const whe_xmm b = whe_xmm_from_value(&work->value[1]);                                     \
        const whe_xmm c = whe_xmm_from_value(&work->value[2]);                                     \
        __asm__(#mnemonic " %2, %1, %0" : "+x"(a) : "x"(b), "Yz"(c));                              \
        whe_xmm_to_value(a, &work->value[0]);                                                      \
        return WHE_VECTOR_NONE;                                                                    \
    }

/* MMX registers are the x87's, whose stack is empty here, as it is in every function. */
#define MMX(mnemonic)                                                                              \
    enum whe_vector whe_kernel_##mnemonic(struct whe_work *work)                                   \
    {                                                                                              \
        if (work->insn->operand[0].kind == WHE_OPERAND_MMX) {                                      \
            __asm__("movq %0, %%mm0\n\tmovq %1, %%mm1\n\t" #mnemonic                               \
                    " %%mm1, %%mm0\n\tmovq %%mm0, %0\n\temms"                                      \
                    : "+m"(work->value[0].u64)                                                     \
                    : "m"(work->value[1].u64)                                                      \
                    : "mm0", "mm1");                                                               \
            return WHE_VECTOR_NONE;                                                                \
        }                                                                                          \
        whe_xmm a = whe_xmm_from_value(&work->value[0]);                                           \
        const whe_xmm b = whe_xmm_from_value(&work->value[1]);                                     \
        __asm__(#mnemonic " %1, %0" : "+x"(a) : "x"(b));                                           \
        whe_xmm_to_value(a, &work->value[0]);                                                      \
        return WHE_VECTOR_NONE;                                                                    \
    }

#else

/* The decoder has refused them. */
#define XMM(mnemonic)                                                                              \
    enum whe_vector whe_kernel_##mnemonic(struct whe_work *work)                                   \
    {                                                                                              \
        (void)work;                                                                                \
        return WHE_VECTOR_NONE;                                                                    \
    }
#define XMM0 XMM
#define MMX  XMM

#endif

#define WHE_NATIVE(mnemonic, family, forms, aligned) forms(mnemonic)
#include "native.def"
