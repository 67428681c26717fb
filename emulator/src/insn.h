/* SPDX-License-Identifier: MIT */
/**
 * @file insn.h
 * A decoded instruction, in the form in which it is cached: everything that does not depend on
 * register values has been worked out.
 */
#ifndef WHE_INSN_H
#define WHE_INSN_H

#include <stdbool.h>
#include <stdint.h>

#include "linear.h"
#include "regs.h"

/** Rows of insn_table.def. */
enum whe_insn_id {
    WHE_INSN_NONE, /**< a valid instruction that has no row */
#define WHE_INSN(id, mnemonic, handler, operation, traits) WHE_INSN_##id,
#include "insn_table.def"
    WHE_INSN_COUNT
};

enum whe_trait {
    WHE_TRAIT_PORT = 1,
    WHE_TRAIT_REPEATS = 2,
    WHE_TRAIT_BIT_STRING = 4,
    WHE_TRAIT_BYTE_INDEX = 8,
    WHE_TRAIT_STACK = 16,
    WHE_TRAIT_ALIGN16 = 32
};

/** The `operation` column: what a handler that serves several rows is to do. */
enum whe_operation {
    WHE_OP_COPY,
    WHE_OP_SIGN_EXTEND,
    WHE_OP_SWAP_BYTES,
    WHE_OP_ADD,
    WHE_OP_OR,
    WHE_OP_ADC,
    WHE_OP_SBB,
    WHE_OP_AND,
    WHE_OP_SUB,
    WHE_OP_XOR,
    WHE_OP_CMP,
    WHE_OP_TEST,
    WHE_OP_INC,
    WHE_OP_DEC,
    WHE_OP_NEG,
    WHE_OP_NOT,
    WHE_OP_SHL, /**< the seven shifts in the order of enum whe_shift */
    WHE_OP_SHR,
    WHE_OP_SAR,
    WHE_OP_ROL,
    WHE_OP_ROR,
    WHE_OP_RCL,
    WHE_OP_RCR,
    WHE_OP_UNSIGNED,
    WHE_OP_SIGNED,
    WHE_OP_BT,
    WHE_OP_BTS,
    WHE_OP_BTR,
    WHE_OP_BTC,
    WHE_OP_FORWARD,
    WHE_OP_REVERSE,
    WHE_OP_CONDITION_O, /**< the sixteen conditions in the order of their opcodes */
    WHE_OP_CONDITION_NO,
    WHE_OP_CONDITION_B,
    WHE_OP_CONDITION_NB,
    WHE_OP_CONDITION_Z,
    WHE_OP_CONDITION_NZ,
    WHE_OP_CONDITION_BE,
    WHE_OP_CONDITION_NBE,
    WHE_OP_CONDITION_S,
    WHE_OP_CONDITION_NS,
    WHE_OP_CONDITION_P,
    WHE_OP_CONDITION_NP,
    WHE_OP_CONDITION_L,
    WHE_OP_CONDITION_NL,
    WHE_OP_CONDITION_LE,
    WHE_OP_CONDITION_NLE,
    WHE_OP_IN,
    WHE_OP_OUT,
    WHE_OP_MOVS,
    WHE_OP_STOS,
    WHE_OP_LODS,
    WHE_OP_INS,
    WHE_OP_OUTS,
    WHE_OP_CMPS,
    WHE_OP_SCAS
};

enum whe_operand_kind {
    WHE_OPERAND_NONE,
    WHE_OPERAND_GPR,
    WHE_OPERAND_SEGMENT,
    WHE_OPERAND_XMM,
    WHE_OPERAND_MEMORY, /**< the place that emulate.c has planned: call->span, call->memory */
    WHE_OPERAND_IMMEDIATE
};

struct whe_operand {
    uint8_t kind;  /**< enum whe_operand_kind */
    uint8_t size;  /**< bytes, 1 to 16 */
    uint8_t reg;   /**< enum whe_reg */
    uint8_t shift; /**< 8 for AH, CH, DH, BH, otherwise 0 */
    union {
        uint64_t mask;      /**< registers and memory: of the operand's size */
        uint64_t immediate; /**< extended to 64 bits as the instruction asks */
    };
};

/** base + (index << scale) + displacement; absent parts are WHE_REG_ZERO. */
struct whe_address {
    uint8_t base;
    uint8_t index;
    uint8_t scale;         /**< 0 to 3 */
    uint64_t displacement; /**< RIP-relative: the instruction's length is included */
};

#define WHE_OPERANDS 3

struct whe_insn {
    uint8_t id;        /**< enum whe_insn_id */
    uint8_t operation; /**< enum whe_operation */
    uint8_t traits;    /**< mask of enum whe_trait */
    uint8_t length;    /**< 1 to 15 */
    uint8_t exits;     /**< mask of 1 << enum whe_exit_kind: exits that it can have caused, also
                            of an instruction without a row */
    bool is_plain;   /**< run_plain() of emulate.c suffices if the exit asks for nothing special */
    bool has_memory; /**< place and address describe a memory operand that is no string element */
    bool is_planned; /**< and emulate.c plans it; PUSH and POP plan theirs themselves */
    uint8_t access;  /**< mask of whe_intent: what emulate.c does with call->memory */
    bool repeats;    /**< a REP prefix counts */
    uint8_t repeats_while;  /**< CMPS, SCAS: the value of ZF with which they go on; 2: any */
    uint8_t stack_size;     /**< PUSH, POP: bytes on the stack, otherwise 0 */
    uint64_t stack_mask;    /**< PUSH, POP in 64-bit mode: of rSP; otherwise 0: SS tells */
    uint8_t element_size;   /**< string and port instructions: 1, 2, 4 or 8 */
    uint8_t source_segment; /**< string instructions: enum whe_reg of the rSI side */
    uint64_t address_mask;  /**< 16, 32 or 64 bits */
    struct whe_batch reads; /**< registers that must be known, beyond those of every exit */
    struct whe_place place;
    struct whe_address address;
    struct whe_operand operand[WHE_OPERANDS];
};

#endif
