/* SPDX-License-Identifier: MIT */
/**
 * @file exec.h
 * The instruction handlers: what an instruction does, once its registers are known and its memory
 * operand is planned (PUSH and POP plan theirs themselves). A handler reads and writes operands, or
 * runs a string loop; it never advances RIP.
 *
 * @return WHE_OK; WHE_FAULT if the guest faults (finished REP iterations are in the shadow by
 * then); or the failure of a callback.
 */
#ifndef WHE_EXEC_H
#define WHE_EXEC_H

#include "call.h"
#include "insn.h"

typedef enum whe_result whe_exec_fn(struct whe_call *call, const struct whe_insn *insn);

whe_exec_fn
    whe_exec_mov; /**< MOV, MOVZX, MOVSX, MOVSXD, MOVNTI, MOVDIRI, MOVBE, XLAT: exec_mov.c */
whe_exec_fn whe_exec_add;          /**< ADD, INC: exec_alu.c */
whe_exec_fn whe_exec_adc;          /**< exec_alu.c */
whe_exec_fn whe_exec_sub;          /**< SUB, CMP, DEC: exec_alu.c */
whe_exec_fn whe_exec_sbb;          /**< exec_alu.c */
whe_exec_fn whe_exec_logic;        /**< AND, OR, XOR, TEST: exec_alu.c */
whe_exec_fn whe_exec_neg;          /**< exec_alu.c */
whe_exec_fn whe_exec_not;          /**< exec_alu.c */
whe_exec_fn whe_exec_shift;        /**< SHL to RCR: exec_shift.c */
whe_exec_fn whe_exec_shift_double; /**< SHLD, SHRD: exec_shift.c */
whe_exec_fn whe_exec_mul;          /**< MUL, IMUL: exec_muldiv.c */
whe_exec_fn whe_exec_div;          /**< DIV, IDIV: exec_muldiv.c */
whe_exec_fn whe_exec_bit;          /**< BT, BTS, BTR, BTC: exec_bit.c */
whe_exec_fn whe_exec_bit_scan;     /**< BSF, BSR: exec_bit.c */
whe_exec_fn whe_exec_xchg;         /**< exec_atomic.c */
whe_exec_fn whe_exec_xadd;
whe_exec_fn whe_exec_cmpxchg;
whe_exec_fn whe_exec_cmpxchg_pair; /**< CMPXCHG8B, CMPXCHG16B */
whe_exec_fn whe_exec_setcc;        /**< exec_cond.c */
whe_exec_fn whe_exec_cmovcc;
whe_exec_fn whe_exec_push; /**< exec_stack.c */
whe_exec_fn whe_exec_pop;
whe_exec_fn whe_exec_mov128;    /**< the 16-byte SSE moves: exec_sse.c */
whe_exec_fn whe_exec_movdir64b; /**< exec_sse.c */
whe_exec_fn whe_exec_compare;   /**< CMPS, SCAS: exec_compare.c */
whe_exec_fn whe_exec_port;      /**< IN, OUT: exec_port.c */
whe_exec_fn whe_exec_string;    /**< MOVS, STOS, LODS, INS, OUTS: exec_string.c */

/**
 * Moves one value between the accumulator and a port.
 * @param operation WHE_OP_IN or WHE_OP_OUT.
 * @param size      1, 2 or 4. RAX must be known unless 4 bytes are read.
 */
enum whe_result whe_port_transfer(struct whe_call *call, enum whe_operation operation,
                                  uint16_t port, unsigned size);

#endif
