/* SPDX-License-Identifier: MIT */
#include "alu.h"

__extension__ typedef unsigned __int128 uint128;
__extension__ typedef __int128 int128;

static uint64_t top_bit(unsigned size)
{
    return UINT64_C(1) << (8 * size - 1);
}

static uint64_t flag_if(bool condition, uint64_t flag)
{
    return condition ? flag : 0;
}

/* Shifts, for a count of 1 to 63. @param carry receives the last bit that left. */
static uint64_t shift(enum whe_shift kind, uint64_t a, unsigned count, unsigned size, bool *carry)
{
    const unsigned bits = 8 * size;
    uint64_t extended = kind == WHE_SAR ? whe_sign_extend(a, size) : a;
    if (kind == WHE_SHL) {
        *carry = count <= bits && (a >> (bits - count) & 1);
        return count < 64 ? (a << count) & whe_mask_from_size(size) : 0;
    }
    *carry = extended >> (count - 1) & 1;
    if (kind == WHE_SHR)
        return a >> count;
    return (uint64_t)((int64_t)extended >> count) & whe_mask_from_size(size);
}

/* OF after a shift or rotate by one bit; by more it is undefined. SDM 2B, "SAL/SAR/SHL/SHR". */
static bool overflow_of_one(enum whe_shift kind, uint64_t a, uint64_t result, bool carry,
                            unsigned size)
{
    bool top = (result & top_bit(size)) != 0;
    switch (kind) {
    case WHE_SHL:
    case WHE_ROL:
    case WHE_RCL:
        return top != carry;
    case WHE_SHR:
        return (a & top_bit(size)) != 0;
    case WHE_SAR:
        return false;
    default: /* to the right: the two upper bits of the result */
        return top != ((result & top_bit(size) >> 1) != 0);
    }
}

static uint64_t rotate(enum whe_shift kind, uint64_t a, unsigned count, unsigned size, bool *carry)
{
    const unsigned bits = 8 * size;
    unsigned turn = count % bits;
    uint64_t mask = whe_mask_from_size(size);
    if (kind == WHE_ROR)
        turn = (bits - turn) % bits;
    uint64_t result = turn ? ((a << turn) | (a >> (bits - turn))) & mask : a;
    *carry = kind == WHE_ROL ? result & 1 : (result & top_bit(size)) != 0;
    return result;
}

static uint64_t rotate_through_carry(enum whe_shift kind, uint64_t a, unsigned count, unsigned size,
                                     bool *carry)
{
    const unsigned bits = 8 * size;
    for (unsigned turn = count % (bits + 1); turn > 0; turn--) {
        bool in = *carry;
        if (kind == WHE_RCL) {
            *carry = (a & top_bit(size)) != 0;
            a = ((a << 1) | in) & whe_mask_from_size(size);
        } else {
            *carry = a & 1;
            a = (a >> 1) | (in ? top_bit(size) : 0);
        }
    }
    return a;
}

uint64_t whe_alu_shift(enum whe_shift kind, uint64_t a, unsigned count, unsigned size,
                       uint64_t *rflags)
{
    bool carry = (*rflags & WHE_RFLAGS_CF) != 0;
    uint64_t result;
    count &= size == 8 ? 63 : 31;
    if (count == 0)
        return a;
    if (kind <= WHE_SAR)
        result = shift(kind, a, count, size, &carry);
    else if (kind <= WHE_ROR)
        result = rotate(kind, a, count, size, &carry);
    else
        result = rotate_through_carry(kind, a, count, size, &carry);

    uint64_t changed = WHE_RFLAGS_CF | WHE_RFLAGS_OF;
    uint64_t status = flag_if(carry, WHE_RFLAGS_CF) |
                      flag_if(overflow_of_one(kind, a, result, carry, size), WHE_RFLAGS_OF);
    if (kind <= WHE_SAR) {
        changed = WHE_RFLAGS_STATUS;
        status |= whe_alu_result_flags(result, size);
    }
    *rflags = (*rflags & ~changed) | status;
    return result;
}

/* Shifts, for a count of 1 to 63, of 8 bytes. */
static uint64_t shift_double_64(bool is_left, uint64_t a, uint64_t fill, unsigned count,
                                bool *carry)
{
    *carry = is_left ? a >> (64 - count) & 1 : a >> (count - 1) & 1;
    return is_left ? a << count | fill >> (64 - count) : a >> count | fill << (64 - count);
}

/* Of 2 and 4 bytes: a stands at both ends, so that 16-bit operands take counts up to 31. */
static uint64_t shift_double_narrow(bool is_left, uint64_t a, uint64_t fill, unsigned count,
                                    unsigned size, bool *carry)
{
    const unsigned bits = 8 * size;
    uint128 wide = (uint128)a << (2 * bits) | (uint128)fill << bits | a;
    unsigned down = is_left ? 2 * bits - count : count;
    *carry = (uint64_t)(wide >> (is_left ? 3 * bits - count : count - 1)) & 1;
    return (uint64_t)(wide >> down) & whe_mask_from_size(size);
}

uint64_t whe_alu_shift_double(bool is_left, uint64_t a, uint64_t fill, unsigned count,
                              unsigned size, uint64_t *rflags)
{
    bool carry;
    count &= size == 8 ? 63 : 31;
    if (count == 0)
        return a;
    uint64_t result = size == 8 ? shift_double_64(is_left, a, fill, count, &carry)
                                : shift_double_narrow(is_left, a, fill, count, size, &carry);
    whe_alu_put_status(rflags, whe_alu_result_flags(result, size) | flag_if(carry, WHE_RFLAGS_CF) |
                                   flag_if(((a ^ result) & top_bit(size)) != 0, WHE_RFLAGS_OF));
    return result;
}

uint64_t whe_alu_mul(uint64_t a, uint64_t b, bool is_signed, unsigned size, uint64_t *high,
                     uint64_t *rflags)
{
    uint128 product;
    uint64_t mask = whe_mask_from_size(size);
    if (is_signed)
        product = (uint128)((int128)(int64_t)whe_sign_extend(a, size) *
                            (int64_t)whe_sign_extend(b, size));
    else
        product = (uint128)a * b;
    uint64_t low = (uint64_t)product & mask;
    *high = (uint64_t)(product >> (8 * size)) & mask;
    uint64_t expected = is_signed && (low & top_bit(size)) ? mask : 0;
    whe_alu_put_status(rflags, whe_alu_result_flags(low, size) |
                                   flag_if(*high != expected, WHE_RFLAGS_CF | WHE_RFLAGS_OF));
    return low;
}

static bool divide_signed(uint128 dividend, uint64_t divisor, unsigned size, uint128 *quotient,
                          uint128 *remainder)
{
    const unsigned bits = 8 * size;
    bool is_negative = dividend >> (2 * bits - 1) & 1;
    bool has_negative_divisor = (divisor & top_bit(size)) != 0;
    uint64_t mask = whe_mask_from_size(size);
    uint128 wide_mask = size == 8 ? ~(uint128)0 : ((uint128)1 << (2 * bits)) - 1;
    uint128 magnitude = is_negative ? (0 - dividend) & wide_mask : dividend;
    uint64_t by = has_negative_divisor ? (0 - divisor) & mask : divisor;
    *quotient = magnitude / by;
    *remainder = magnitude % by;
    uint128 most = (uint128)top_bit(size) - (is_negative == has_negative_divisor);
    if (*quotient > most)
        return false;
    if (is_negative != has_negative_divisor)
        *quotient = 0 - *quotient;
    if (is_negative)
        *remainder = 0 - *remainder;
    return true;
}

bool whe_alu_div(uint64_t high, uint64_t low, uint64_t divisor, bool is_signed, unsigned size,
                 uint64_t *quotient, uint64_t *remainder)
{
    uint128 dividend = (uint128)high << (8 * size) | low;
    uint128 q, r;
    if (divisor == 0)
        return false;
    if (is_signed) {
        if (!divide_signed(dividend, divisor, size, &q, &r))
            return false;
    } else {
        q = dividend / divisor;
        r = dividend % divisor;
        if (q > whe_mask_from_size(size))
            return false;
    }
    *quotient = (uint64_t)q & whe_mask_from_size(size);
    *remainder = (uint64_t)r & whe_mask_from_size(size);
    return true;
}

bool whe_alu_condition(unsigned condition, uint64_t rflags)
{
    bool carry = rflags & WHE_RFLAGS_CF;
    bool zero = (rflags & WHE_RFLAGS_ZF) != 0;
    bool sign = (rflags & WHE_RFLAGS_SF) != 0;
    bool overflow = (rflags & WHE_RFLAGS_OF) != 0;
    bool holds;
    switch (condition >> 1 & 7) {
    case 0:
        holds = overflow;
        break;
    case 1:
        holds = carry;
        break;
    case 2:
        holds = zero;
        break;
    case 3:
        holds = carry || zero;
        break;
    case 4:
        holds = sign;
        break;
    case 5:
        holds = (rflags & WHE_RFLAGS_PF) != 0;
        break;
    case 6:
        holds = sign != overflow;
        break;
    default:
        holds = zero || sign != overflow;
    }
    return holds != (condition & 1);
}
