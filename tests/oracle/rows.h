/* SPDX-License-Identifier: MIT */
/**
 * @file rows.h
 * Random instructions for the oracle, with operands at places where something can go wrong.
 */
#ifndef WHVTRACE_TESTS_ROWS_H
#define WHVTRACE_TESTS_ROWS_H

#include "oracle_guest.h"

#define ROWS_SEGMENTS  24u
#define ROWS_MEMORY    0x6000u
#define ROWS_SELECTORS 256u

/** What all instructions of a run share; follows from the seed alone. */
struct rows_world {
    uint64_t seed;
    bool clears_upper; /**< this processor cuts rCX to 32 bits even if a 67h REP does nothing */
    struct oracle_segment segment[ROWS_SEGMENTS];
    uint16_t selector[ROWS_SELECTORS]; /**< to load: good ones and all kinds of bad ones */
    uint8_t memory[ROWS_MEMORY];
};

/** A source of random numbers. */
struct rows_random {
    uint64_t state;
};

/** One instruction with all of its surroundings. */
struct rows_case {
    struct oracle_in in;
    struct oracle_exit exit;
};

/** @return the next number, all 64 bits random. */
uint64_t rows_next(struct rows_random *random);

/** @return a number below `end`, which is not 0. */
unsigned rows_below(struct rows_random *random, unsigned end);

/** @return true once in `times`. */
bool rows_once_in(struct rows_random *random, unsigned times);

/** @return a value that is often a corner case. */
uint64_t rows_value(struct rows_random *random);

/** Makes a world, and the descriptors that its selectors need; the oracle must be usable. */
void rows_world_init(struct rows_world *world, uint64_t seed);

/** Fills in blocks, registers, flags and segments; nothing of it is special to an instruction. */
void rows_surround(const struct rows_world *world, struct rows_random *random,
                   enum oracle_mode mode, struct oracle_in *in);

/** @return a linear address for an operand: inside a page, across an edge, missing, read-only. */
uint64_t rows_target(struct rows_random *random, unsigned size);

/** @return the linear address of a selector in memory. */
uint64_t rows_selector_target(struct rows_random *random);

/** @return whether the page of a linear address may be accessed. */
bool rows_is_accessible(uint64_t linear, bool is_write);

/** Makes the n-th instruction of a run. */
void rows_make(const struct rows_world *world, enum oracle_mode mode, uint64_t index,
               struct rows_case *made);

#endif
