/* SPDX-License-Identifier: MIT */
/**
 * @file opcodes.h
 * Every encoding that the emulator's decoder takes for one of its rows: found by trying them all.
 */
#ifndef WHVTRACE_TESTS_OPCODES_H
#define WHVTRACE_TESTS_OPCODES_H

#include <stdbool.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

#include "insn.h"
#include "mode.h"

/** A mode of the decoders. */
struct opcodes_mode {
    const char *name;
    struct whe_mode mode;
    ZydisMachineMode machine;
    ZydisStackWidth stack;
};

#define OPCODES_MODES 4
extern const struct opcodes_mode opcodes_modes[OPCODES_MODES];

struct opcode {
    const struct opcodes_mode *mode;
    bool has_lock;
    bool has_66;
    bool has_67;
    /** F2, f3, or 0. */
    uint8_t rep;
    /** Or 0. */
    uint8_t rex;
    /** 0, 0x0f, 0x38 for 0f 38, 0x3a for 0f 3a. */
    uint8_t map;
    uint8_t opcode;
    /** The reg field of ModRM, if the opcode has one. */
    uint8_t reg;
    /** VEX with 128 bits: map, 66 or rep, and rex are within it. */
    bool is_vex;
    /** Its other operand is a register: rBX; otherwise memory at rBX or rBP + 11h. */
    bool is_register;
    /** That register's number: of the x87, where it tells the operation, any. */
    uint8_t rm;
};

/** What decoders are given. */
struct opcode_bytes {
    uint8_t byte[15];
    /** Where the opcode's last byte is. */
    uint8_t opcode_at;
};

/** Puts the bytes together; an immediate is 1, or what would have been ModRM. */
struct opcode_bytes opcodes_bytes(const struct opcode *opcode);

/** Decodes with the emulator's decoder. @return whether it found a row. */
bool opcodes_decode(const struct opcode *opcode, struct whe_insn *insn);

/**
 * Visits every combination of opcode, reg field and form that has a row in a mode with none of the
 * prefixes, or with one of 66, F2, F3: with all combinations of 66, 67, F0, F2, F3 and some of REX,
 * whether these have a row or not.
 */
void opcodes_visit(const struct opcodes_mode *mode,
                   void (*visit)(const struct opcode *opcode, void *context), void *context);

#endif
