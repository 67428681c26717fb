/* SPDX-License-Identifier: MIT */
#include "rows_float.h"

#include <string.h>

#define EXCEPTIONS   0x3fu /* of MXCSR and of the x87, flags and masks alike */
#define STACK_FAULT  0x40u
#define SUMMARY      0x8080u /* ES, B */
#define CONDITIONS   0x4700u
#define CONTROL_BITS 0xf40u /* what may vary, and bit 6 */
#define DAZ          0x40u
#define FTZ          0x8000u
#define ROUNDING     0x6000u

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

uint32_t rows_single(struct rows_random *random)
{
    /* 0, denormals, the least and the greatest normal number, 1, infinity, NaNs, 1/2 and just
       below, the ends of what integers of 32 and 64 bits hold. */
    static const uint32_t corners[] = {
        0,          1,          0x7fffff,   0x800000,   0x7f7fffff, 0x3f800000, 0x3f800001,
        0x7f800000, 0x7f800001, 0x7fbfffff, 0x7fc00000, 0x7fc12345, 0x3f000000, 0x3effffff,
        0x3fc00000, 0x40200000, 0x4effffff, 0x4f000000, 0x4f800000, 0x5effffff, 0x5f000000,
        0x5f800000, 0x4b000001, 0x33800000, 0x33000001, 0x1f800000, 0x5f7fffff};
    const uint32_t value = (uint32_t)rows_next(random);
    const uint32_t sign = value & 0x80000000;
    switch (rows_below(random, 4)) {
    case 0:
        return value;
    case 1: /* of a size that others have as well */
        return sign | (value & 0x7fffff) | (120 + rows_below(random, 16)) << 23;
    default:
        return sign | corners[rows_below(random, COUNT(corners))];
    }
}

uint64_t rows_double(struct rows_random *random)
{
    /* As above; and the ends of single numbers. */
    static const uint64_t corners[] = {
        0,
        1,
        UINT64_C(0x000fffffffffffff),
        UINT64_C(0x0010000000000000),
        UINT64_C(0x7fefffffffffffff),
        UINT64_C(0x3ff0000000000000),
        UINT64_C(0x3ff0000000000001),
        UINT64_C(0x7ff0000000000000),
        UINT64_C(0x7ff0000000000001),
        UINT64_C(0x7ff7ffffffffffff),
        UINT64_C(0x7ff8000000000000),
        UINT64_C(0x7ff8123456789abc),
        UINT64_C(0x3fe0000000000000),
        UINT64_C(0x3fdfffffffffffff),
        UINT64_C(0x3ff8000000000000),
        UINT64_C(0x41dfffffffc00000),
        UINT64_C(0x41dfffffffffffff),
        UINT64_C(0x41e0000000000000),
        UINT64_C(0x41e0000000200000),
        UINT64_C(0x43dfffffffffffff),
        UINT64_C(0x43e0000000000000),
        UINT64_C(0x47efffffe0000000),
        UINT64_C(0x47effffff0000000),
        UINT64_C(0x3810000000000000),
        UINT64_C(0x380fffffffffffff),
        UINT64_C(0x36a0000000000000),
        UINT64_C(0x3690000000000001),
        UINT64_C(0x1ff0000000000000),
    };
    const uint64_t value = rows_next(random);
    const uint64_t sign = value & UINT64_C(1) << 63;
    switch (rows_below(random, 4)) {
    case 0:
        return value;
    case 1:
        return sign | (value & UINT64_C(0xfffffffffffff)) |
               (uint64_t)(1016 + rows_below(random, 16)) << 52;
    default:
        return sign | corners[rows_below(random, COUNT(corners))];
    }
}

struct oracle_xmm rows_extended(struct rows_random *random)
{
    /* Also what is no number: pseudo-denormals, unnormals, infinities without their first bit. */
    static const struct oracle_xmm corners[] = {
        {0, 0},
        {1, 0},
        {UINT64_C(0x7fffffffffffffff), 0},
        {UINT64_C(0x8000000000000000), 0},
        {UINT64_C(0x8000000000000000), 1},
        {UINT64_C(0xffffffffffffffff), 0x7ffe},
        {UINT64_C(0x8000000000000000), 0x7fff},
        {UINT64_C(0x8000000000000001), 0x7fff},
        {UINT64_C(0xbfffffffffffffff), 0x7fff},
        {UINT64_C(0xc000000000000000), 0x7fff},
        {UINT64_C(0xc123456789abcdef), 0x7fff},
        {0, 0x7fff},
        {1, 0x7fff},
        {UINT64_C(0x4000000000000000), 0x3fff},
        {UINT64_C(0x8000000000000000), 0x3fff},
        {UINT64_C(0x8000000000000001), 0x3fff},
        {UINT64_C(0x8000000000000000), 0x3ffe},
        {UINT64_C(0xc000000000000000), 0x3fff},
        {UINT64_C(0xfffffffe00000000), 0x401d},
        {UINT64_C(0x8000000000000000), 0x401e},
        {UINT64_C(0xffffffffffffffff), 0x403d},
        {UINT64_C(0x8000000000000000), 0x403e},
        {UINT64_C(0xde0b6b3a763fffff), 0x403a}, /* 10^18 and less: what FBSTP holds */
        {UINT64_C(0xde0b6b3a76400000), 0x403a},
        {UINT64_C(0xffffff0000000000), 0x407e},
        {UINT64_C(0xfffffffffffff800), 0x43fe},
        {UINT64_C(0x8000000000000000), 0x3c01},
        {UINT64_C(0x8000000000000000), 0x3f81},
    };
    struct oracle_xmm value = {rows_next(random), rows_next(random) & 0xffff};
    const uint64_t sign = value.high & 0x8000;
    switch (rows_below(random, 4)) {
    case 0:
        break;
    case 1:
        value.low |= UINT64_C(1) << 63;
        value.high = sign | (16376 + rows_below(random, 16));
        break;
    default:
        value = corners[rows_below(random, COUNT(corners))];
        value.high |= sign;
        break;
    }
    return value;
}

static uint64_t two_singles(struct rows_random *random)
{
    const uint64_t low = rows_single(random);
    return (uint64_t)rows_single(random) << 32 | low;
}

struct oracle_xmm rows_floats(struct rows_random *random)
{
    struct oracle_xmm value;
    const bool is_double = rows_once_in(random, 2);
    value.low = is_double ? rows_double(random) : two_singles(random);
    value.high = is_double ? rows_double(random) : two_singles(random);
    return value;
}

static uint32_t mxcsr(struct rows_random *random)
{
    const uint32_t value = (uint32_t)rows_next(random) & 0xffff;
    const uint32_t rounding = value & (ROUNDING | EXCEPTIONS);
    switch (rows_below(random, 4)) {
    case 0: /* not all are masked */
        return value;
    case 1:
        return rounding | ORACLE_MXCSR | (value & (DAZ | FTZ));
    default:
        return rounding | ORACLE_MXCSR;
    }
}

void rows_fill_numbers(struct rows_random *random, enum rows_numbers numbers, uint8_t *memory,
                       unsigned size)
{
    for (unsigned i = 0; i + 16 <= size; i += 16) {
        struct oracle_xmm value = rows_floats(random);
        if (rows_once_in(random, 4))
            value = rows_extended(random);
        if (rows_once_in(random, 4))
            value = (struct oracle_xmm){rows_value(random), rows_value(random)};
        if (numbers == ROWS_STATES && !rows_once_in(random, 8))
            value.high = (value.high & ~(uint64_t)UINT32_MAX) | mxcsr(random);
        memcpy(memory + i, &value, 16);
    }
}

struct oracle_fx rows_fx(struct rows_random *random, enum rows_numbers numbers)
{
    const uint64_t value = rows_next(random);
    struct oracle_fx fx = {.control = (uint16_t)(0x40u | (value & CONTROL_BITS)),
                           .mxcsr = mxcsr(random)};
    const unsigned flags = (unsigned)(value >> 32) & EXCEPTIONS;
    fx.control |= rows_once_in(random, 3) ? (uint16_t)(value >> 40 & EXCEPTIONS) : EXCEPTIONS;
    const unsigned pending = rows_once_in(random, 4) ? flags : flags & fx.control;
    fx.status = (uint16_t)((value >> 8 & (CONDITIONS | 0x3800)) | pending);
    if ((pending & 1) && rows_once_in(random, 2))
        fx.status |= STACK_FAULT;
    /* AMD tells of the last instruction only while its exception is pending. */
    if (pending & ~(unsigned)fx.control) {
        fx.status |= SUMMARY;
        fx.opcode = (uint16_t)(value >> 16 & 0x7ff);
        fx.ip = rows_next(random) & UINT32_MAX;
        fx.dp = rows_next(random) & UINT32_MAX;
    }
    fx.tag = rows_once_in(random, 2) ? (uint8_t)(value >> 48) : rows_once_in(random, 4) ? 0 : 0xff;
    for (unsigned i = 0; i < 8; i++)
        fx.st[i] = numbers == ROWS_INTEGERS && !rows_once_in(random, 4)
                       ? (struct oracle_xmm){rows_value(random), 0xffff}
                       : rows_extended(random);
    return fx;
}
