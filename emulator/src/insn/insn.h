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
    WHE_INSN_NONE, /**< a valid instruction that has no row */
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
    WHE_FORM_VALUES, /**< operands are read, a kernel turns values into values, operands are written
                      */
    WHE_FORM_PORT,   /**< IN, OUT */
    WHE_FORM_MOVE,   /**< MOVS, STOS, LODS, INS, OUTS: element by element */
    WHE_FORM_COMPARE, /**< CMPS, SCAS */
};

/** What is particular to a row beyond its kernel. */
enum whe_trait {
    WHE_TRAIT_PORT = 1, /**< uses a port, for which there are permissions */
    WHE_TRAIT_BIT_STRING =
        2, /**< a register operand is an offset in bits beyond the memory operand */
    WHE_TRAIT_AL_INDEX = 4,  /**< AL is added to the address */
    WHE_TRAIT_TO_ES = 8,     /**< the implicit memory operand lies in ES whatever prefix there is */
    WHE_TRAIT_SELECTOR = 16, /**< the last explicit operand selects a descriptor, which is read */
    WHE_TRAIT_MXCSR = 32,    /**< the kernel sees MXCSR */
    WHE_TRAIT_X87 = 64,      /**< the kernel sees the x87: stack, control, status, MXCSR */
    WHE_TRAIT_XMM = 128,     /**< the kernel sees all XMM registers */
    WHE_TRAIT_NATIVE = 256,  /**< the kernel is this machine's own instruction */
    WHE_TRAIT_LAST = 512,    /**< the x87 remembers its opcode, where it is and where its operand */
    WHE_TRAIT_BYTES = 1024,  /**< the kernel chooses which bytes of memory are written */
    WHE_TRAIT_HINT = 1 << 16,       /**< its operands mean nothing: they are not even computed */
    WHE_TRAIT_GPRS = 1 << 17,       /**< the kernel sees the eight registers that PUSHA pushes */
    WHE_TRAIT_FRAME = 2048,         /**< uses a frame of the stack: ENTER, LEAVE */
    WHE_TRAIT_ELEMENTS = 4096,      /**< memory is accessed in pieces of the operand size, from its
                                         beginning */
    WHE_TRAIT_TABLE = 8192,         /**< memory is accessed as a limit of 2 bytes and a base */
    WHE_TRAIT_CONTROL = 16384,      /**< the kernel sees control registers */
    WHE_TRAIT_CONTROL_MOVE = 32768, /**< MOV to and from control registers */
    WHE_TRAIT_LINE = 1 << 18, /**< its memory operand is checked as a byte is, and not accessed */
};

/** The rows of the table, by enum whe_insn_id. */
struct whe_row {
    const char *mnemonic; /**< Zydis's, in capitals */
    const char *family;
    uint8_t form;      /**< enum whe_form */
    uint8_t operation; /**< argument of the kernel or of the string loop; rows.def says which */
    uint8_t checks;    /**< enum whe_checks */
    uint8_t
        alignment;   /**< #GP(0) unless the operand is so aligned; 0: only #AC, where it applies */
    uint32_t traits; /**< mask of enum whe_trait */
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
    WHE_OPERAND_ST,            /**< ST(i), as the image has it */
    WHE_OPERAND_STACK_POINTER, /**< rSP beside an access to the stack: as wide as SS.B tells */
    WHE_OPERAND_FRAME_POINTER, /**< rBP of ENTER and LEAVE: read whole, written by its size */
    WHE_OPERAND_TABLE,         /**< GDTR, IDTR: 10 bytes, limit and base */
    WHE_OPERAND_CONTROL,       /**< a control register: 8 bytes */
    WHE_OPERAND_ADDRESS        /**< LEA's: memory[0], which is not accessed */
};

struct whe_operand {
    uint8_t kind;   /**< enum whe_operand_kind */
    uint8_t reg;    /**< enum whe_reg */
    uint8_t shift;  /**< 8 for AH, CH, DH, BH, otherwise 0 */
    uint8_t access; /**< mask of whe_intent; what may be left as it is counts as read */
    bool is_hidden; /**< implicit */
    uint16_t size;  /**< bytes, 1 to WHE_BLOCK_MAX */
    union {
        uint64_t mask;      /**< registers and memory of up to 8 bytes: of the operand's size */
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

/** What a memory operand has to do with the stack. */
enum whe_stack_use {
    WHE_STACK_NONE,
    WHE_STACK_PUSH,
    WHE_STACK_POP,
    WHE_STACK_FRAME,   /**< at rBP */
    WHE_STACK_OUTER,   /**< below rBP */
    WHE_STACK_RELEASED /**< `displacement` below rSP: probed, not accessed */
};

/** A memory operand. */
struct whe_memory {
    struct whe_place place;
    struct whe_address address;
    uint8_t operand;   /**< its number */
    uint8_t stack;     /**< enum whe_stack_use */
    uint8_t alignment; /**< #GP(0) unless so aligned; 1 for any */
    bool has_pieces;   /**< its accesses are these: */
    uint8_t first;     /**< struct whe_pieces (memory.h) */
    uint8_t next;
};

/** The largest operand: FXSAVE's. What is larger than a value is a block. */
#define WHE_BLOCK_MAX 512

#define WHE_OPERANDS 6
#define WHE_MEMORIES 3

struct whe_insn {
    uint16_t id;       /**< enum whe_insn_id */
    uint16_t mnemonic; /**< the decoder's number, also of an instruction without a row */
    uint8_t length;    /**< 1 to 15 */
    uint8_t form;      /**< enum whe_form */
    uint8_t operation; /**< of its row */
    uint32_t traits;   /**< of its row */
    uint8_t checks;    /**< enum whe_checks */
    uint8_t exits;     /**< mask of 1 << enum whe_exit_kind: exits that it can have caused, also of
                            an instruction without a row */
    uint16_t opcode; /**< of the x87: the low 3 bits of its first byte, and ModRM (SDM 1, 8.1.9) */
    uint8_t operand_size; /**< bytes; of a branch that of the instruction pointer */
    uint8_t operand_count;
    uint8_t memory_count;
    uint8_t writes;        /**< mask of operands that are written */
    uint8_t inputs;        /**< mask of those that are read and not in memory */
    bool is_beyond_host;   /**< it has a row, but this machine has not the instruction */
    uint8_t segment;       /**< one more than the number of an operand whose load may fault: a
                                segment, a table */
    bool writes_flags;     /**< it gives status flags a defined value */
    bool repeats;          /**< a REP prefix counts */
    bool repeats_while_zf; /**< CMPS, SCAS: the value of ZF with which REP goes on */
    bool has_extras;       /**< more than operands: extras.h */
    bool is_by_exit; /**< its only data access is one explicit operand: where the exit tells of that
                          access, the exit's Gpa is the operand */
    uint64_t address_mask;   /**< 16, 32 or 64 bits */
    struct whe_batch reads;  /**< registers that must be known, beyond those of every exit */
    struct whe_batch values; /**< of these the ones that are no part of an address */
    struct whe_memory memory[WHE_MEMORIES]; /**< in the order of planning: those read come first */
    struct whe_operand operand[WHE_OPERANDS];
};

#endif
