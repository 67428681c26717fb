/* SPDX-License-Identifier: MIT */
/**
 * @file random.h
 * Random numbers that a seed repeats, and the environment variables by which a test is repeated.
 */
#ifndef WHVTRACE_TESTS_RANDOM_H
#define WHVTRACE_TESTS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

struct random {
    uint64_t state;
};

/** @return the next number, all 64 bits random (SplitMix64). */
static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/** @return a number below `end`, which is not 0. */
static inline unsigned random_below(struct random *random, unsigned end)
{
    return (unsigned)((random_next(random) >> 32) * end >> 32);
}

/** @return true once in `times`. */
static inline bool random_once_in(struct random *random, unsigned times)
{
    return random_below(random, times) == 0;
}

/** @return a source for the n-th case of a run that does not depend on those before it. */
static inline struct random random_of_index(uint64_t seed, uint64_t index)
{
    struct random random = {seed ^ index * UINT64_C(0xd1342543de82ef95)};
    random_next(&random);
    return random;
}

/** @return an environment variable's number, or `otherwise` where it is not set. */
static inline uint64_t random_setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/** @return a seed that differs from run to run. */
static inline uint64_t random_seed(void)
{
    return (uint64_t)time(NULL) << 20 ^ (uint64_t)clock() ^ (uint64_t)(uintptr_t)&time;
}

#endif
