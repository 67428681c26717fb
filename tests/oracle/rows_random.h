/* SPDX-License-Identifier: MIT */
/**
 * @file rows_random.h
 * Random numbers that repeat with their seed.
 */
#ifndef WHVTRACE_TESTS_ROWS_RANDOM_H
#define WHVTRACE_TESTS_ROWS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct rows_random {
    uint64_t state;
};

/** @return the next number, all 64 bits random. */
uint64_t rows_next(struct rows_random *random);

/** @return a number below `end`, which is not 0. */
unsigned rows_below(struct rows_random *random, unsigned end);

/** @return true once in `times`. */
bool rows_once_in(struct rows_random *random, unsigned times);

/** @return a value that is often a corner case. */
uint64_t rows_value(struct rows_random *random);

/**
 * @return what an environment variable says, or otherwise the given number. Without ORACLE_SEED a
 * seed of its own for every run.
 */
uint64_t rows_setting(const char *name, uint64_t otherwise);
uint64_t rows_seed(void);

#endif
