/* SPDX-License-Identifier: MIT */
/**
 * @file rows_table.h
 * The opcodes from which rows_make makes instructions, and tests/generate those with XMM and MMX
 * registers: rows_table.def. Whatever the row, MXCSR, MMX and x87 are random, and compared.
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
    REG_OP,   /* a register in the opcode */
    FIXED,    /* nothing that the encoding names but an immediate */
    STRING,
    XLAT_FORM,  /* rBX + AL */
    STACK_RM,   /* RM_DIGIT that also uses the stack */
    STACK_REG,  /* REG_OP likewise */
    STACK_FIXED /* FIXED likewise */
};

/* IMM_FULL: of the operand size, also if that is 8 bytes. IMM_FRAME: ENTER's. */
enum immediate { IMM_NONE, IMM_BYTE, IMM_2_BYTES, IMM_FRAME, IMM_OPERAND, IMM_FULL };

/* What a family leaves undefined. */
enum undefined {
    ALL_DEFINED,
    AF_UNDEFINED,
    SHIFT_UNDEFINED, /* by count, for all of these */
    SAR_UNDEFINED,
    ROTATE_UNDEFINED,
    DOUBLE_UNDEFINED,
    MUL_UNDEFINED,
    DIV_UNDEFINED,
    BIT_UNDEFINED,
    SCAN_UNDEFINED,
    COUNT_UNDEFINED,   /* LZCNT, TZCNT */
    VEX_UNDEFINED,     /* ANDN, BLSR and their kin */
    EXTRACT_UNDEFINED, /* BEXTR */
    DECIMAL_UNDEFINED, /* DAA, DAS */
    DIGIT_UNDEFINED,   /* AAA, AAS */
    MULTIPLY_DIGIT     /* AAM, AAD */
};

/* What the processor must have: the name in /proc/cpuinfo. */
enum feature {
    ANY,
    MOVBE,
    CX16,
    MOVDIRI,
    PNI,
    SSSE3,
    SSE4_1,
    SSE4_2,
    SSE4A,
    AES,
    PCLMULQDQ,
    SHA_NI,
    GFNI,
    AVX,
    AVX2,
    F16C,
    POPCNT,
    LZCNT,
    BMI1,
    BMI2,
    ADX,
    INVPCID,
    CLFLUSHOPT,
    CLWB,
    FEATURES
};

/* Sizes of operands: bytes, or: */
#define BY_OPERAND_SIZE 0u
#define BY_MODRM_SREG   257u /* 2 in memory, the operand size in a register */
#define BY_PAIR         258u /* CMPXCHG8B, CMPXCHG16B */
#define BY_STACK        259u /* as PUSH: never 4 in 64-bit code */
#define BY_PORT         260u /* never 8 */
#define BY_REX_W        261u /* 4, or 8 with REX.W, whatever 66h says */
#define BY_EIGHT        262u /* eight times the operand size */
#define BY_TWO          263u /* twice that */
#define BY_POINTER      264u /* that and a selector */
#define BY_ENVIRONMENT  265u /* the x87's: 14, or 28 */
#define BY_X87          266u /* all of the x87: 94, or 108 */

#define ONLY64     1u
#define NOT64      2u
#define ONLY_MEM   4u    /* no register form */
#define NO_66      8u    /* 66h makes it another instruction, or none */
#define NO_REP     16u   /* F2 and F3 do */
#define BITS       32u   /* the register is an offset in bits */
#define STORE      64u   /* the memory operand is written; of strings, the destination */
#define PUSHES     128u  /* the stack is written */
#define ALIGNED    256u  /* to 16 bytes */
#define PRIVILEGED 512u  /* what is not allowed at CPL 3 */
#define NO_F3      1024u /* F3 does, but F2 does not */
#define COMPARES   2048u /* rDX:rAX or rAX with memory: they shall be equal now and then */
#define ILLEGAL    4096u
#define SELECTOR   8192u      /* the operand selects a descriptor; only in protected mode */
#define POINTER    0x4000000u /* it ends with a selector, likewise */
#define ONLY_REG   16384u     /* no memory form */
#define AT_RDI     32768u     /* the memory operand is at rDI */
#define FLOATS     0x40000u   /* registers and memory hold numbers in floating point */
#define VEX        0x20000u   /* VEX with 128 bits, `mandatory` and REX.W within it */
#define STATES     0x10000u   /* memory holds what MXCSR, or all that FXRSTOR loads, can be */
#define ADDRESS    0x80000u   /* nothing is accessed */
#define NO_W       0x100000u  /* W makes it none, or another with each maker */
#define VVVV       0x200000u  /* VEX names one more register */
#define FRAME      0x800000u /* rBP points at the stack, too, or instead of rSP if nothing is pushed */
#define NO_VM86    0x1000000u
#define NO_REAL    0x8000000u  /* nor real mode */
#define NO_REG     0x10000000u /* with a register it is something else, not to be tried */
#define NO_MEM     0x20000000u /* with memory, likewise */
#define PIECES     0x2000000u  /* more than one access: a fault leaves what came before it */
#define TARGET     0x400000u   /* the operand, or what it pops, is where it goes on */

struct row {
    uint8_t mandatory; /* a prefix that belongs to the opcode, or 0 */
    uint8_t map;
    uint8_t opcode;
    uint8_t form;
    uint16_t memory_size;
    uint8_t digit; /* the opcode extension in ModRM */
    uint8_t immediate;
    uint8_t undefined;
    uint8_t feature;
    uint32_t traits;
};

/** @return what VEX has in the place of a mandatory prefix. */
static inline unsigned rows_vex_pp(unsigned mandatory)
{
    return mandatory == 0x66 ? 1 : mandatory == 0xf3 ? 2 : mandatory == 0xf2 ? 3 : 0;
}

#define ROWS_TABLE_MAX 1024u /* at most so many rows */

extern const struct row rows_table[];
extern const unsigned rows_table_size;

#endif
