/* SPDX-License-Identifier: MIT */
/**
 * @file instructions.h
 * What the emulator knows: its table of instructions, and what its decoder makes of bytes.
 *
 * For tools that take stock, not for emulating. These functions are in the static library alone;
 * the shared one exports the API and nothing else. They use no memory but their arguments and may
 * be called from any thread.
 */
#ifndef WHVEMU_INSTRUCTIONS_H
#define WHVEMU_INSTRUCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What decoding depends on. */
enum whvemu_code {
    /** 16-bit code in real or virtual-8086 mode. */
    WHVEMU_CODE_REAL16,
    /** 16-bit code in protected or compatibility mode. */
    WHVEMU_CODE_PROT16,
    WHVEMU_CODE_32,
    WHVEMU_CODE_64,
    WHVEMU_CODES
};

/** Properties of a table row. */
struct whvemu_instruction {
    /** Zydis's, in capitals: "MOVSD". */
    const char *mnemonic;
    /** The folder of its cases in traces/: "alu". */
    const char *family;
    /** Of two rows "MOVSD" the one that moves strings. */
    bool is_string;
    /** Mask; whvemu_trait_name() names the bits. */
    unsigned traits;
};

enum whvemu_operand_kind {
    WHVEMU_OPERAND_NONE,
    WHVEMU_OPERAND_GPR,
    WHVEMU_OPERAND_SEGMENT,
    WHVEMU_OPERAND_XMM,
    WHVEMU_OPERAND_MEMORY,
    WHVEMU_OPERAND_IMMEDIATE,
    /** Of the x87's stack. */
    WHVEMU_OPERAND_ST,
    WHVEMU_OPERAND_MMX
};

#define WHVEMU_OPERANDS 3

/** What the decoder makes of bytes. */
struct whvemu_decoded {
    /** Index of the table's row. */
    size_t row;
    /** Bytes, 1 to 15. */
    uint8_t length;
    /** A REP prefix counts. */
    bool repeats;
    /** Bytes of an element of a string or port instruction, otherwise 0. */
    uint8_t element_size;
    struct {
        /** An enum whvemu_operand_kind. */
        uint8_t kind;
        /** Bytes; 0: more than 255. */
        uint8_t size;
    } operand[WHVEMU_OPERANDS];
};

/** @return how many rows the table has. */
size_t whvemu_instruction_count(void);

/** @param row below whvemu_instruction_count(). */
struct whvemu_instruction whvemu_instruction(size_t row);

/** @return a word for a bit of a trait mask, or NULL for a bit that is none. */
const char *whvemu_trait_name(unsigned bit);

/**
 * Decodes one instruction as the emulator does.
 * @param bytes   count bytes; those behind the instruction do not matter.
 * @param decoded written only on success.
 * @return whether the bytes are an instruction that has a row.
 */
bool whvemu_decode(enum whvemu_code code, const uint8_t *bytes, size_t count,
                   struct whvemu_decoded *decoded);

#ifdef __cplusplus
}
#endif

#endif
