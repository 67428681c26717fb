/* SPDX-License-Identifier: MIT */
/**
 * @file table.h
 * Encodings of the instructions in the emulator's table, found by decoding: one for each row,
 * width, kind of operands and code size. They make seeds and words; a new row brings its own.
 */
#ifndef WHVTRACE_TESTS_FUZZ_TABLE_H
#define WHVTRACE_TESTS_FUZZ_TABLE_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Of operands without a register. */
#define FUZZ_TABLE_GVA UINT64_C(0x8ff8)

struct fuzz_insn {
    /** 64, 32 or 16: of the code segment. */
    uint8_t bits;
    uint8_t size;
    uint8_t bytes[15];
    /** Where ModRM stands; 0: there is none. */
    uint8_t modrm;
    /** An operand at [rBX], [BX] or FUZZ_TABLE_GVA, or a string. */
    bool has_memory;
    /** That is written. */
    bool is_write;
    /** IN, OUT, INS, OUTS. */
    bool is_port;
    bool is_out;
    bool repeats;
    uint8_t port_size;
};

/** @return whether an instruction has a row. */
bool fuzz_has_row(const ZydisDecodedInstruction *decoded);

/** @return the encodings; made at the first call and kept. */
const struct fuzz_insn *fuzz_table(size_t *count);

#endif
