/* SPDX-License-Identifier: MIT */
/**
 * @file encodings.h
 * Every encoding of every row of the emulator's instruction table, found by decoding all opcodes: a
 * new row is tried by the property tests without a line in them.
 */
#ifndef WHVTRACE_TESTS_ENCODINGS_H
#define WHVTRACE_TESTS_ENCODINGS_H

#include "guest.h"
#include "model.h"
#include "random.h"

/** An opcode with what belongs to it, for one size of code. */
struct encoding {
    /** Which row of rows.def. */
    uint16_t row;
    /** An enum encoding_code. */
    uint8_t code;
    /** 66h, F2h, F3h, F0h or 0. */
    uint8_t prefix;
    /** REX.W or VEX.W. */
    bool rex_w;
    /** 0: none; otherwise 1 + pp, and `prefix` is 0. */
    uint8_t vex;
    /** 0: one byte; 1: 0F; 2: 0F 38; 3: 0F 3A. */
    uint8_t map;
    uint8_t opcode;
    bool has_modrm;
    /** ModRM.reg: a register, or a part of the opcode. */
    uint8_t reg;
    /** All of ModRM is part of the opcode: the x87, with registers. */
    bool has_rm;
    uint8_t rm;
};

enum encoding_code { ENCODING_16, ENCODING_32, ENCODING_64, ENCODING_CODES };

#define ENCODINGS_MAX 80000u

/** All encodings; those of one row and code stand together. */
struct encodings {
    size_t count;
    struct encoding encoding[ENCODINGS_MAX];
};

/** @return which code a mode runs. */
enum encoding_code encoding_code_of_mode(enum guest_mode mode);

/** @return all encodings; found out at the first call. */
const struct encodings *encodings_all(void);

/** @return how many rows the table has. */
size_t encodings_rows(void);

/** @return why a row is not tried, or NULL. */
const char *encodings_left_out(size_t row);

/** @return the name of a row, as rows.def has it. */
const char *encodings_row_name(size_t row);

/** @return whether a decoded instruction is one of the table's rows. */
bool encodings_know(const struct model *model);

/** @return one encoding for a mode, each row as likely as any other. */
const struct encoding *encodings_pick(struct random *random, enum guest_mode mode);

/** What a caller adds to an encoding. */
struct encoding_extras {
    /** Legacy prefixes, in front of all others. */
    uint8_t prefixes[4];
    uint8_t prefix_count;
    /** Bits R, X and B, for 64-bit code. */
    uint8_t rex;
    /** Mod and rm. */
    uint8_t modrm;
    /** SIB, displacement, immediate and what follows. */
    uint8_t tail[12];
};

#define ENCODING_BYTES 32u

/**
 * Writes an encoding out.
 * @param bytes receives prefixes, opcode, ModRM and all of the tail.
 * @return how many bytes that is; the instruction ends before.
 */
size_t encoding_write(const struct encoding *encoding, const struct encoding_extras *extras,
                      uint8_t bytes[ENCODING_BYTES]);

#endif
