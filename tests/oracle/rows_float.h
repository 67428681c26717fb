/* SPDX-License-Identifier: MIT */
/**
 * @file rows_float.h
 * Random numbers in floating point, and states of x87 and SSE.
 */
#ifndef WHVTRACE_TESTS_ROWS_FLOAT_H
#define WHVTRACE_TESTS_ROWS_FLOAT_H

#include "oracle.h"
#include "rows_random.h"

/** What registers and memory hold. */
enum rows_numbers {
    ROWS_INTEGERS,
    /** Of all widths; often denormal, a NaN, infinite, or next to a corner. */
    ROWS_FLOATS,
    /** Likewise, but at 8 and 24 in every 32 bytes often a value for MXCSR. */
    ROWS_STATES,
    /** Where branches may lead, in every 8 bytes. */
    ROWS_TARGETS,
    ROWS_NUMBERS
};

/** @return a number of 4, 8 or 10 bytes, in the low bytes. */
uint32_t rows_single(struct rows_random *random);
uint64_t rows_double(struct rows_random *random);
struct oracle_xmm rows_extended(struct rows_random *random);

/** @return 16 bytes of single or double numbers. */
struct oracle_xmm rows_floats(struct rows_random *random);

/** Fills memory with numbers, each aligned to its size, extended ones to 16 bytes. */
void rows_fill_numbers(struct rows_random *random, enum rows_numbers numbers, uint8_t *memory,
                       unsigned size);

/** @return a state: all modes of rounding, exceptions that are masked, not masked, pending. */
struct oracle_fx rows_fx(struct rows_random *random, enum rows_numbers numbers);

#endif
