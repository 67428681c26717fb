/* SPDX-License-Identifier: MIT */
/**
 * @file native_input.h
 * From bytes to an instruction that processor and emulator both run.
 *
 * An input is NATIVE_INPUT bytes; missing ones are 0, numbers are little-endian:
 *
 *     offset size
 *      0      1   mode, modulo 3: 64-, 32-, 16-bit code
 *      1      1   CF PF AF ZF SF DF OF AC, one bit each
 *      2      1   exit: bits 0-1 access (0 and 3 execute, 1 read, 2 write); 2 operands are where
 *                 the registers lead; 3 operands are near the edge of a page; 4-7 how many
 *                 instruction bytes the exit lacks
 *      3      1   page of the arena's blocks that the exit's Gva lies in
 *      4      2   where operands are aimed at: an offset from shortly before the blocks
 *      6      2   seed for the segments
 *      8     15   instruction bytes
 *     23      1   bit 0 TF; 1-2 the mode that 16- and 32-bit code is said to be in (enum
 *                 oracle_context)
 *     24      9   for each of 16 registers: how to take the value, then the value
 */
#ifndef WHVTRACE_TESTS_FUZZ_NATIVE_INPUT_H
#define WHVTRACE_TESTS_FUZZ_NATIVE_INPUT_H

#include <Zydis/Zydis.h>

#include "rows.h"

#define NATIVE_CODE      8u
#define NATIVE_CONTEXT   23u
#define NATIVE_REGISTERS 24u
#define NATIVE_INPUT     (NATIVE_REGISTERS + 16u * 9u)

enum native_verdict {
    NATIVE_RUNS,
    /** The decoder does not know the bytes. */
    NATIVE_INVALID,
    /** Nothing that this target may compare, or run at all. */
    NATIVE_UNFIT
};

struct native_insn {
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

/** Reads an input. Of `made` undefined is left to native_judge. */
enum native_verdict native_read(const struct rows_world *world, const uint8_t *bytes, size_t size,
                                struct rows_case *made, struct native_insn *insn);

/** Says whether a decoded instruction may be compared, and fills in made->undefined. */
enum native_verdict native_judge(const struct rows_world *world, const struct native_insn *insn,
                                 struct rows_case *made);

/**
 * Moves the registers of memory operands so that they lead to `linear`.
 * @param linear an address in the arena, or near it.
 */
void native_aim(const struct native_insn *insn, uint64_t linear, struct oracle_in *in);

#endif
