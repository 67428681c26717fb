/* SPDX-License-Identifier: MIT */
#include "rows_random.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

uint64_t rows_next(struct rows_random *random)
{
    /* SplitMix64 */
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

unsigned rows_below(struct rows_random *random, unsigned end)
{
    return (unsigned)((rows_next(random) >> 32) * end >> 32);
}

bool rows_once_in(struct rows_random *random, unsigned times)
{
    return rows_below(random, times) == 0;
}

uint64_t rows_value(struct rows_random *random)
{
    static const uint64_t corners[] = {
        0,          1,           0x7f,      0x80,       0xff,       0x100,
        0x7fff,     0x8000,      0xffff,    0x10000,    0x7fffffff, 0x80000000,
        0xffffffff, 0x100000000, INT64_MAX, 1ull << 63, UINT64_MAX, 0x8080808080808080};
    uint64_t value = rows_next(random);
    if (rows_once_in(random, 3))
        value = corners[rows_below(random, sizeof(corners) / sizeof(corners[0]))];
    return value;
}

uint64_t rows_setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

uint64_t rows_seed(void)
{
    return rows_setting("ORACLE_SEED", (uint64_t)time(NULL) << 22 ^ (uint64_t)getpid());
}
