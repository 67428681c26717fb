/* SPDX-License-Identifier: MIT */
/**
 * @file rows_table.h
 * The opcodes from which rows_make makes instructions: rows_table.def.
 */
#ifndef WHVTRACE_TESTS_ROWS_TABLE_H
#define WHVTRACE_TESTS_ROWS_TABLE_H

#include <stdint.h>

enum form {
    RM_REG,   /* ModRM: memory or register, and a register */
    RM_DIGIT, /* ModRM: memory or register, and an opcode extension */
    RM_SREG,  /* ModRM: memory or register, and a segment register */
    TO_SREG,  /* ModRM: a segment register is loaded */
    MOFFS,    /* an absolute address and the accumulator */
    REG_IMM,  /* a register in the opcode, and an immediate */
    ACC_IMM,  /* the accumulator and an immediate */
    STRING,
    XLAT_FORM, /* rBX + AL */
    STACK      /* RM_DIGIT that also uses the stack */
};

enum immediate { IMM_NONE, IMM_BYTE, IMM_OPERAND };

/* What a family leaves undefined. */
enum undefined {
    ALL_DEFINED,
    AF_UNDEFINED,
    SHIFT_UNDEFINED, /* by count */
    ROTATE_UNDEFINED,
    DOUBLE_UNDEFINED,
    MUL_UNDEFINED,
    DIV_UNDEFINED,
    BIT_UNDEFINED,
    SCAN_UNDEFINED
};

/* Sizes of operands: bytes, or: */
#define BY_OPERAND_SIZE 0u
#define BY_MODRM_SREG   9u  /* 2 in memory, the operand size in a register */
#define BY_PAIR         10u /* CMPXCHG8B, CMPXCHG16B */
#define BY_STACK        11u /* as PUSH: never 4 in 64-bit code */

#define ONLY64   1u
#define ONLY_MEM 2u  /* no register form */
#define NO_66    4u  /* 66h makes it another instruction, or none */
#define BITS     8u  /* the register is an offset in bits */
#define STORE    16u /* the memory operand is written; of strings, the destination */

struct row {
    uint8_t map;
    uint8_t opcode;
    enum form form;
    uint8_t memory_size;
    uint8_t digit; /* the opcode extension in ModRM */
    enum immediate immediate;
    uint8_t traits;
    enum undefined undefined;
};

extern const struct row rows_table[];
extern const unsigned rows_table_size;

#endif
