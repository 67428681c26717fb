/* SPDX-License-Identifier: MIT */
/**
 * @file kernel.h
 * What an instruction does: values in, values out, or a fault. A kernel sees neither the guest nor
 * memory; the pipeline has read every operand that is read, and writes those that are written.
 */
#ifndef WHE_KERNEL_H
#define WHE_KERNEL_H

#include "exception.h"
#include "insn.h"

/** The value of an operand: zero-extended; a segment register's is its selector, an XMM register's
 * all 16 bytes, whatever the operand's size. One that is written and not read is 0 before. */
union whe_value {
    uint64_t u64;
    WHV_UINT128 u128;
    uint8_t bytes[64];
};

struct whe_work {
    const struct whe_insn *insn;
    uint64_t rflags;   /**< before; a kernel leaves it as the instruction does */
    uint64_t next_rip; /**< preset to the next instruction; a branch may set it */
    uint8_t writes;    /**< mask of operands that will be written, preset to those that can be: a
                            kernel takes out what it leaves as it was */
    bool writes_flags; /**< likewise */
    union whe_value value[WHE_OPERANDS]; /**< by operand; bits above its size are ignored when it is
                                              written */
};

/** @return WHE_VECTOR_NONE, or the exception that it raises: then nothing is written. */
typedef enum whe_vector whe_kernel_fn(struct whe_work *work);

/**
 * A kernel that is no more than this: the first operand becomes a function of both.
 * @param a, b   the operands, without bits above size; 0 where the instruction has none.
 * @param size   of the first operand: 1, 2, 4 or 8 bytes.
 * @param rflags before and after.
 */
typedef uint64_t whe_binary_fn(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags);

/** By enum whe_insn_id; NULL where a loop over elements takes its place. */
extern whe_kernel_fn *const whe_kernels[WHE_INSN_COUNT];
/** By enum whe_insn_id; NULL where there is more to it. */
extern whe_binary_fn *const whe_binaries[WHE_INSN_COUNT];

whe_kernel_fn whe_kernel_binary;       /**< every row with a binary function */
whe_kernel_fn whe_kernel_movsx;        /**< MOVSX, MOVSXD: move.c */
whe_kernel_fn whe_kernel_movbe;        /**< move.c */
whe_kernel_fn whe_kernel_xlat;         /**< move.c */
whe_kernel_fn whe_kernel_copy128;      /**< the moves of 16 bytes: move.c */
whe_kernel_fn whe_kernel_copy_low;     /**< MOVSS, MOVSD, MOVD, MOVQ, MOVLPS, MOVLPD: sse.c */
whe_kernel_fn whe_kernel_copy_high;    /**< operation: is it from the high half? sse.c */
whe_kernel_fn whe_kernel_copy_line;    /**< MOVDIR64B: move.c */
whe_kernel_fn whe_kernel_shift;        /**< operation: enum whe_shift: shift.c */
whe_kernel_fn whe_kernel_shld;         /**< shift.c */
whe_kernel_fn whe_kernel_shrd;         /**< shift.c */
whe_kernel_fn whe_kernel_mul;          /**< operation: is it signed? muldiv.c */
whe_kernel_fn whe_kernel_div;          /**< operation: is it signed? muldiv.c */
whe_kernel_fn whe_kernel_bsf;          /**< bit.c */
whe_kernel_fn whe_kernel_bsr;          /**< bit.c */
whe_kernel_fn whe_kernel_xchg;         /**< exchange.c */
whe_kernel_fn whe_kernel_xadd;         /**< exchange.c */
whe_kernel_fn whe_kernel_cmpxchg;      /**< exchange.c */
whe_kernel_fn whe_kernel_cmpxchg_pair; /**< exchange.c */
whe_kernel_fn whe_kernel_setcc;        /**< operation: the condition: condition.c */
whe_kernel_fn whe_kernel_cmovcc;       /**< operation: the condition: condition.c */
whe_kernel_fn whe_kernel_jmp;          /**< flow.c */
whe_kernel_fn whe_kernel_jcc;          /**< operation: the condition: flow.c */
whe_kernel_fn whe_kernel_push;         /**< stack.c */
whe_kernel_fn whe_kernel_pop;          /**< stack.c */

/* binary.c */
whe_binary_fn whe_binary_copy;
whe_binary_fn whe_binary_add;
whe_binary_fn whe_binary_adc;
whe_binary_fn whe_binary_sub;
whe_binary_fn whe_binary_sbb;
whe_binary_fn whe_binary_and;
whe_binary_fn whe_binary_or;
whe_binary_fn whe_binary_xor;
whe_binary_fn whe_binary_inc;
whe_binary_fn whe_binary_dec;
whe_binary_fn whe_binary_neg;
whe_binary_fn whe_binary_not;
whe_binary_fn whe_binary_bt;
whe_binary_fn whe_binary_bts;
whe_binary_fn whe_binary_btr;
whe_binary_fn whe_binary_btc;

#endif
