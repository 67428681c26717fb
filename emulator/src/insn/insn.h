/* SPDX-License-Identifier: MIT */
/**
 * @file insn.h
 * A decoded instruction, in the form in which it is cached: everything that does not depend on
 * register values has been worked out. Its operands are uniform: explicit ones come first, then the
 * implicit ones (the accumulator, the stack), in the decoder's order; a kernel names them by
 * number.
 */
#ifndef WHE_INSN_H
#define WHE_INSN_H

#include <stdbool.h>
#include <stdint.h>

#include "linear.h"
#include "operation.h"
#include "regs.h"

/** Rows of rows.def. */
enum whe_insn_id {
    /** A valid instruction that has no row. */
    WHE_INSN_NONE,
#define WHE_INSN(id, ...) WHE_INSN_##id,
#include "rows.def"
    WHE_INSN_COUNT
};

/** Classes of checks.def: what an instruction demands before it runs. */
enum whe_checks {
#define WHE_CHECK(class, ...) WHE_CHECKS_##class,
#include "checks.def"
    WHE_CHECKS_COUNT
};

/** How an instruction runs. */
enum whe_form {
    /** Operands are read, a kernel turns values into values, operands are written. */
    WHE_FORM_VALUES,
    /** IN, OUT. */
    WHE_FORM_PORT,
    /** What loads CS: far JMP, CALL and RET, IRET. */
    WHE_FORM_FAR,
    /** INT n, INT3, INTO. */
    WHE_FORM_INTERRUPT,
    /** MOVS, STOS, LODS, INS, OUTS: element by element. */
    WHE_FORM_MOVE,
    /** CMPS, SCAS. */
    WHE_FORM_COMPARE,
};

/** What is particular to a row beyond its kernel. */
enum whe_trait {
    /** Uses a port, for which there are permissions. */
    WHE_TRAIT_PORT = 1,
    /** A register operand is an offset in bits beyond the memory operand. */
    WHE_TRAIT_BIT_STRING = 2,
    /** AL is added to the address. */
    WHE_TRAIT_AL_INDEX = 4,
    /** The implicit memory operand lies in ES whatever prefix there is. */
    WHE_TRAIT_TO_ES = 8,
    /** The last explicit operand selects a descriptor, which is read. */
    WHE_TRAIT_SELECTOR = 16,
    /** The kernel sees MXCSR. */
    WHE_TRAIT_MXCSR = 32,
    /** The kernel sees the x87: stack, control, status, MXCSR. */
    WHE_TRAIT_X87 = 64,
    /** The kernel sees all XMM registers. */
    WHE_TRAIT_XMM = 128,
    /** The kernel is this machine's own instruction. */
    WHE_TRAIT_NATIVE = 256,
    /** The x87 remembers its opcode, where it is and where its operand. */
    WHE_TRAIT_LAST = 512,
    /** The kernel chooses which bytes of memory are written. */
    WHE_TRAIT_BYTES = 1024,
    /** Its operands mean nothing: they are not even computed. */
    WHE_TRAIT_HINT = 1 << 16,
    /** The kernel sees the eight registers that PUSHA pushes. */
    WHE_TRAIT_GPRS = 1 << 17,
    /** Uses a frame of the stack: ENTER, LEAVE. */
    WHE_TRAIT_FRAME = 2048,
    /** Memory is accessed in pieces of the operand size, from its beginning. */
    WHE_TRAIT_ELEMENTS = 4096,
    /** Memory is accessed as a limit of 2 bytes and a base. */
    WHE_TRAIT_TABLE = 8192,
    /** The kernel sees control registers. */
    WHE_TRAIT_CONTROL = 16384,
    /** MOV to and from control registers. */
    WHE_TRAIT_CONTROL_MOVE = 32768,
    /** Its memory operand is checked as a byte is, and not accessed. */
    WHE_TRAIT_LINE = 1 << 18,
};

/** The rows of the table, by enum whe_insn_id. */
struct whe_row {
    /** Zydis's, in capitals. */
    const char *mnemonic;
    const char *family;
    /** An enum whe_form. */
    uint8_t form;
    /** Argument of the kernel or of the string loop; rows.def says which. */
    uint8_t operation;
    /** An enum whe_checks. */
    uint8_t checks;
    /** #GP(0) unless the operand is so aligned; 0: only #AC, where it applies. */
    uint8_t alignment;
    /** Mask of enum whe_trait. */
    uint32_t traits;
};
extern const struct whe_row whe_rows[WHE_INSN_COUNT];

enum whe_operand_kind {
    WHE_OPERAND_NONE,
    WHE_OPERAND_GPR,
    WHE_OPERAND_SEGMENT,
    WHE_OPERAND_XMM,
    WHE_OPERAND_MEMORY,
    WHE_OPERAND_IMMEDIATE,
    WHE_OPERAND_MMX,
    /** ST(i), as the image has it. */
    WHE_OPERAND_ST,
    /** RSP beside an access to the stack: as wide as SS.B tells. */
    WHE_OPERAND_STACK_POINTER,
    /** RBP of ENTER and LEAVE: read whole, written by its size. */
    WHE_OPERAND_FRAME_POINTER,
    /** GDTR, IDTR: 10 bytes, limit and base. */
    WHE_OPERAND_TABLE,
    /** A control register: 8 bytes. */
    WHE_OPERAND_CONTROL,
    /** LEA's: memory[0], which is not accessed. */
    WHE_OPERAND_ADDRESS
};

struct whe_operand {
    /** An enum whe_operand_kind. */
    uint8_t kind;
    /** An enum whe_reg. */
    uint8_t reg;
    /** 8 for AH, CH, DH, BH, otherwise 0. */
    uint8_t shift;
    /** Mask of whe_intent; what may be left as it is counts as read. */
    uint8_t access;
    /** Implicit. */
    bool is_hidden;
    /** Bytes, 1 to WHE_BLOCK_MAX. */
    uint16_t size;
    union {
        /** Registers and memory of up to 8 bytes: of the operand's size. */
        uint64_t mask;
        /** Extended to 64 bits as the instruction asks. */
        uint64_t immediate;
    };
};

/** Base + (index << scale) + displacement; absent parts are WHE_REG_ZERO. */
struct whe_address {
    uint8_t base;
    uint8_t index;
    /** 0 to 3. */
    uint8_t scale;
    /** RIP-relative: the instruction's length is included. */
    uint64_t displacement;
};

/** What a memory operand has to do with the stack. */
enum whe_stack_use {
    WHE_STACK_NONE,
    WHE_STACK_PUSH,
    WHE_STACK_POP,
    /** At rBP. */
    WHE_STACK_FRAME,
    /** Below rBP. */
    WHE_STACK_OUTER,
    /** `displacement` below rSP: probed, not accessed. */
    WHE_STACK_RELEASED
};

/** A memory operand. */
struct whe_memory {
    struct whe_place place;
    struct whe_address address;
    /** Its number. */
    uint8_t operand;
    /** An enum whe_stack_use. */
    uint8_t stack;
    /** #GP(0) unless so aligned; 1 for any. */
    uint8_t alignment;
    /** Its accesses are those that `first` and `next` tell. */
    bool has_pieces;
    /** It is one access of up to 8 bytes, of all of them. */
    bool is_simple;
    /** A struct whe_pieces (memory.h). */
    uint8_t first;
    uint8_t next;
};

/** The largest operand: FXSAVE's. What is larger than a value is a block. */
#define WHE_BLOCK_MAX 512

#define WHE_OPERANDS 6
#define WHE_MEMORIES 3

struct whe_insn {
    /** An enum whe_insn_id. */
    uint16_t id;
    /** The decoder's number, also of an instruction without a row. */
    uint16_t mnemonic;
    /** 1 to 15. */
    uint8_t length;
    /** An enum whe_form. */
    uint8_t form;
    /** Of its row. */
    uint8_t operation;
    /** Of its row. */
    uint32_t traits;
    /** An enum whe_checks. */
    uint8_t checks;
    /** Mask of 1 << enum whe_exit_kind: exits that it can have caused, also of an instruction
     * without a row. */
    uint8_t exits;
    /** Of the x87: the low 3 bits of its first byte, and ModRM (SDM 1, 8.1.9). */
    uint16_t opcode;
    /** Bytes; of a branch that of the instruction pointer. */
    uint8_t operand_size;
    uint8_t operand_count;
    uint8_t memory_count;
    /** Mask of operands that are written. */
    uint8_t writes;
    /** Mask of those that are read and not in memory. */
    uint8_t inputs;
    /** It has a row, but this machine has not the instruction. */
    bool is_beyond_host;
    /** One more than the number of an operand whose load may fault: a segment, a table. */
    uint8_t segment;
    /** It gives status flags a defined value. */
    bool writes_flags;
    /** A REP prefix counts. */
    bool repeats;
    /** CMPS, SCAS: the value of ZF with which REP goes on. */
    bool repeats_while_zf;
    /** More than operands: extras.h. */
    bool has_extras;
    /** Its only data access is one explicit operand: where the exit tells of that access, the
     * exit's Gpa is the operand. */
    bool is_by_exit;
    /** 16, 32 or 64 bits. */
    uint64_t address_mask;
    /** Registers that must be known, beyond those of every exit. */
    struct whe_batch reads;
    /** Of these the ones that are no part of an address. */
    struct whe_batch values;
    /** In the order of planning: those read come first. */
    struct whe_memory memory[WHE_MEMORIES];
    struct whe_operand operand[WHE_OPERANDS];
};

#endif
