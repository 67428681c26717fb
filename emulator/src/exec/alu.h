/* SPDX-License-Identifier: MIT */
/**
 * @file alu.h
 * Arithmetic with flags. Pure; the width is a parameter.
 *
 * All functions take operands without bits above `size` (1, 2, 4 or 8 bytes) and return a result
 * without such bits. `rflags` holds RFLAGS before and after; only the status flags that the manual
 * names are changed. Flags that it leaves undefined get some value.
 */
#ifndef WHE_ALU_H
#define WHE_ALU_H

#include <stdbool.h>
#include <stdint.h>

#include "bits.h"
#include "operation.h"
#include "rflags.h"

_Static_assert(WHE_RFLAGS_SF == 1 << 7 && WHE_RFLAGS_CF == 1 && WHE_RFLAGS_AF == 1 << 4 &&
                   WHE_RFLAGS_PF == 1 << 2 && WHE_RFLAGS_OF == 1 << 11,
               "flags are shifted into their places");

/** @return by how much to shift left so that an operand's sign becomes bit 63. */
static inline unsigned whe_alu_unused_bits(unsigned size)
{
    return (0 - 8 * size) % 64;
}

/** @return PF, ZF and SF of a result; bits above size are ignored. */
static inline uint64_t whe_alu_result_flags(uint64_t result, unsigned size)
{
    const uint64_t used = result << whe_alu_unused_bits(size);
    const unsigned is_odd = (unsigned)__builtin_parity((unsigned)result & 0xff);
    return (used >> 56 & WHE_RFLAGS_SF) | (used == 0 ? WHE_RFLAGS_ZF : 0) |
           ((is_odd << 2) ^ WHE_RFLAGS_PF);
}

/** @return CF, AF and OF. @param carries bit n is the carry, or borrow, out of bit n. */
static inline uint64_t whe_alu_carry_flags(uint64_t carries, unsigned size)
{
    /* Into the sign, and out of it. */
    const uint64_t top = carries << whe_alu_unused_bits(size) >> 62;
    return top >> 1 | (carries << 1 & WHE_RFLAGS_AF) | ((top + 1) << 10 & WHE_RFLAGS_OF);
}

static inline void whe_alu_put_status(uint64_t *rflags, uint64_t status)
{
    *rflags = (*rflags & ~WHE_RFLAGS_STATUS) | status;
}

/** A + b + carry: ADD, ADC. @param carry 0 or 1. */
static inline uint64_t whe_alu_add(uint64_t a, uint64_t b, unsigned carry, unsigned size,
                                   uint64_t *rflags)
{
    const uint64_t sum = a + b + carry;
    const uint64_t carries = (a & b) | ((a | b) & ~sum);
    whe_alu_put_status(rflags,
                       whe_alu_result_flags(sum, size) | whe_alu_carry_flags(carries, size));
    return sum << whe_alu_unused_bits(size) >> whe_alu_unused_bits(size);
}

/** A - b - borrow: SUB, SBB, CMP, NEG. @param borrow 0 or 1. */
static inline uint64_t whe_alu_sub(uint64_t a, uint64_t b, unsigned borrow, unsigned size,
                                   uint64_t *rflags)
{
    const uint64_t difference = a - b - borrow;
    const uint64_t borrows = (~a & b) | ((~a | b) & difference);
    whe_alu_put_status(rflags,
                       whe_alu_result_flags(difference, size) | whe_alu_carry_flags(borrows, size));
    return difference << whe_alu_unused_bits(size) >> whe_alu_unused_bits(size);
}

/** Flags of AND, OR, XOR, TEST for a result that is already there. @return the result. */
static inline uint64_t whe_alu_logic(uint64_t result, unsigned size, uint64_t *rflags)
{
    whe_alu_put_status(rflags, whe_alu_result_flags(result, size));
    return result;
}

/** Shifts and rotates. @param count as in the instruction; masked to 5 bits, 6 for 8 bytes. */
uint64_t whe_alu_shift(enum whe_shift shift, uint64_t a, unsigned count, unsigned size,
                       uint64_t *rflags);
/**
 * SHLD (is_left) and SHRD: shifts bits of `fill` into a. Not defined for counts above the width.
 */
uint64_t whe_alu_shift_double(bool is_left, uint64_t a, uint64_t fill, unsigned count,
                              unsigned size, uint64_t *rflags);

/** A * b. @param high receives the upper half. CF and OF tell whether it matters. */
uint64_t whe_alu_mul(uint64_t a, uint64_t b, bool is_signed, unsigned size, uint64_t *high,
                     uint64_t *rflags);
/**
 * High:low / divisor.
 * @return false if the divisor is 0 or the quotient does not fit: #DE.
 */
bool whe_alu_div(uint64_t high, uint64_t low, uint64_t divisor, bool is_signed, unsigned size,
                 uint64_t *quotient, uint64_t *remainder);

/**
 * Whether a condition holds. @param condition the low four bits of Jcc, SETcc and CMOVcc opcodes.
 */
bool whe_alu_condition(unsigned condition, uint64_t rflags);

#endif
