/* SPDX-License-Identifier: MIT */
/**
 * @file rows.h
 * Random instructions for the oracle, with operands at places where something can go wrong.
 */
#ifndef WHVTRACE_TESTS_ROWS_H
#define WHVTRACE_TESTS_ROWS_H

#include "oracle_guest.h"
#include "rows_float.h"
#include "rows_random.h"
#include "rows_table.h"

#define ROWS_SEGMENTS  24u
#define ROWS_MEMORY    0x7000u
#define ROWS_SELECTORS 256u

/**
 * Where makers of processors differ and the emulator follows AMD: what this machine's does. Where
 * it does something else, such instructions are left out.
 */
struct rows_habits {
    /** A 67h REP cuts rCX to 32 bits even if it does nothing. */
    bool clears_upper;
    /** MOVSXD with 66h reads 16 bits, not 32. */
    bool narrow_movsxd;
    /** A misaligned operand in a missing page is #PF, not #AC. */
    bool pages_first;
};

/** The rows of rows_table that a mode and this machine's processor have. */
struct rows_choice {
    unsigned count;
    uint16_t row[ROWS_TABLE_MAX];
};

/** What all instructions of a run share. */
struct rows_world {
    /** All but the habits follows from it. */
    uint64_t seed;
    struct rows_habits habits;
    /** By enum oracle_mode. */
    struct rows_choice choice[3];
    struct oracle_segment segment[ROWS_SEGMENTS];
    /** To load: good ones and all kinds of bad ones. */
    uint16_t selector[ROWS_SELECTORS];
    /** By enum rows_numbers; selectors in that of integers. */
    uint8_t memory[ROWS_NUMBERS][ROWS_MEMORY];
};

enum rows_rex { ROWS_NO_REX, ROWS_REX, ROWS_REX_W };

/**
 * What is not left to chance: a run of ROWS_SHAPES times as many instructions as a mode has rows
 * contains every shape.
 */
struct rows_shape {
    /** Index in rows_table. */
    unsigned row;
    /** As an operand-size override. */
    bool has_66;
    bool has_67;
    /** In the place of a memory operand. */
    bool is_register;
    enum rows_rex rex;
};
#define ROWS_SHAPES 108u

/** One instruction with all of its surroundings. */
struct rows_case {
    struct rows_shape shape;
    struct oracle_in in;
    struct oracle_exit exit;
    enum oracle_context context;
    /** Flags that the manuals leave undefined. */
    uint64_t undefined;
};

/**
 * Finds out the processor's habits, and makes a world and the descriptors that its selectors need.
 * The oracle must have 64-bit mode.
 */
void rows_world_init(struct rows_world *world, uint64_t seed);

/** Fills in blocks, registers, flags and segments; nothing of it is special to an instruction. */
void rows_surround(const struct rows_world *world, struct rows_random *random,
                   enum oracle_mode mode, enum rows_numbers numbers, struct oracle_in *in);

/** Replaces the segments by such as real mode or virtual-8086 mode can have. */
void rows_surround_real(struct rows_random *random, enum oracle_context context,
                        struct oracle_in *in);

/** @return the name of a feature that rows need and this machine's processor lacks, or NULL. */
const char *rows_missing_feature(unsigned index);

/** @return a linear address for an operand: inside a page, across an edge, missing, read-only. */
uint64_t rows_target(struct rows_random *random, unsigned size);

/** @return the linear address of a selector in memory. */
uint64_t rows_selector_target(struct rows_random *random);

/** Reads up to eight bytes of memory. @return whether all of them are there. */
bool rows_read(const struct rows_world *world, enum rows_numbers numbers, uint64_t linear,
               unsigned size, uint64_t *value);

/** @return whether rows_selector_target may have given an address. */
bool rows_is_selector(uint64_t linear);

/** @return whether the page of a linear address may be accessed. */
bool rows_is_accessible(uint64_t linear, bool is_write);

/** @return the shape of the n-th instruction of a run. */
struct rows_shape rows_shape_of(const struct rows_world *world, enum oracle_mode mode,
                                uint64_t index);

/** Makes the n-th instruction of a run. */
void rows_make(const struct rows_world *world, enum oracle_mode mode, uint64_t index,
               struct rows_case *made);

#endif
