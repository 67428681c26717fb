/* SPDX-License-Identifier: MIT */
/**
 * @file fp.h
 * Floating point in XMM registers, on this machine: an instruction runs with all exceptions masked,
 * and what the guest's processor would have done is told by the flags that it leaves.
 * SDM 1, 11.5; 3A, 6.15 "Interrupt 19".
 */
#ifndef WHE_FP_H
#define WHE_FP_H

#include "kernel.h"

/** MXCSR: the flags of exceptions, in the order of their masks 7 bits above. */
enum whe_mxcsr {
    WHE_MXCSR_IE = 1 << 0,
    WHE_MXCSR_DE = 1 << 1,
    WHE_MXCSR_ZE = 1 << 2,
    WHE_MXCSR_OE = 1 << 3,
    WHE_MXCSR_UE = 1 << 4,
    WHE_MXCSR_PE = 1 << 5,
    WHE_MXCSR_FLAGS = 0x3f,
    WHE_MXCSR_DAZ = 1 << 6,
    WHE_MXCSR_MASKS = 0x3f << 7,
    WHE_MXCSR_RC = 3 << 13,
    WHE_MXCSR_FTZ = 1 << 15,
};

/** Where MXCSR.RC begins. */
#define WHE_MXCSR_RC_SHIFT 13

/** How an element of the result comes from the sources. */
enum whe_sum {
    /** It can neither overflow nor underflow. */
    WHE_SUM_NONE,
    WHE_SUM_ADD,
    WHE_SUM_SUB,
    WHE_SUM_MUL,
    WHE_SUM_DIV,
    /** A double of the second operand becomes a float. */
    WHE_SUM_NARROW,
    /** Of neighbours: the first operand's, then the second's. */
    WHE_SUM_HADD,
    WHE_SUM_HSUB,
    /** Even elements are subtracted, odd ones added. */
    WHE_SUM_ADDSUB,
    /** A float of the second operand becomes a half, which MXCSR.FTZ does not flush. */
    WHE_SUM_HALF,
};

#ifdef __x86_64__

#include "native.h"

/** What an instruction is given, and what it gives. */
struct whe_fp {
    /** The first operand, before and after. */
    whe_xmm a;
    /** The second. */
    whe_xmm b;
    /** A general register, or memory: the source, or the result. */
    uint64_t general;
    /** ZF, PF and CF, of what sets them. */
    uint64_t order;
    /** MXCSR to run under: all masks set, no flag. */
    uint32_t control;
    /** The flags of MXCSR that it has set. */
    uint32_t flags;
    /** The general register has 8 bytes, not 4. */
    bool is_wide;
    uint8_t immediate;
};

/** Runs an instruction once. This machine's own MXCSR is as before when it returns. */
typedef void whe_fp_run(struct whe_fp *fp);

/** An instruction of this machine. */
struct whe_fp_row {
    whe_fp_run *run;
    /** An enum whe_sum. */
    uint8_t sum;
    /** Bytes of an element of the sources: 4 or 8. */
    uint8_t element;
    /** In the result. */
    uint8_t elements;
};

/**
 * Runs an instruction, and tells what the guest's processor does.
 * @param fp    its operands; what it gives, unless it is an exception. Control and flags are
 * scratch.
 * @param mxcsr the guest's.
 * @param flags receives those that MXCSR gains, also with an exception.
 * @return whether it is an exception: #XM.
 */
bool whe_fp_judge(const struct whe_fp_row *row, struct whe_fp *fp, uint32_t mxcsr, unsigned *flags);

/**
 * Whether precision is lost, where an overflow or underflow that is not masked is an exception.
 * @param fp the operands.
 * @return WHE_MXCSR_PE or 0.
 */
unsigned whe_fp_precision(const struct whe_fp_row *row, const struct whe_fp *fp, uint32_t mxcsr);

/** The kernel of a row. */
enum whe_vector whe_fp_kernel(struct whe_work *work, const struct whe_fp_row *row);
/** Of one that never looks at MXCSR. */
enum whe_vector whe_fp_quiet(struct whe_work *work, whe_fp_run *run);
/** Of a conversion with MMX registers: what the manual calls pairs is the low half of the row's XMM
 * registers; zeros above it raise nothing. */
enum whe_vector whe_fp_pair(struct whe_work *work, const struct whe_fp_row *row);
/** Of DPPS and DPPD. @param times how often neighbours are added. */
enum whe_vector whe_fp_dot(struct whe_work *work, const struct whe_fp_row *multiply,
                           const struct whe_fp_row *add, unsigned times);

#endif

#endif
