/* SPDX-License-Identifier: MIT */
/*
 * Instructions whose first operand becomes a function of both: MOV and its kin, ADD to XOR, CMP,
 * TEST, INC, DEC, NEG, NOT, BT, BTS, BTR, BTC: SDM 2A, 2B. Where the first operand is not written
 * (CMP, TEST, BT), the flags are all there is.
 */
#include "alu.h"
#include "kernel.h"

enum whe_vector whe_kernel_binary(struct whe_work *work)
{
    const struct whe_operand *to = &work->insn->operand[0];
    union whe_value *value = work->value;
    const uint64_t b = value[1].u64 & to->mask;
    value[0].u64 = whe_binaries[work->insn->id](value[0].u64, b, to->size, &work->rflags);
    return WHE_VECTOR_NONE;
}

uint64_t whe_binary_copy(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    (void)a, (void)size, (void)rflags;
    return b;
}

uint64_t whe_binary_add(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return whe_alu_add(a, b, 0, size, rflags);
}

uint64_t whe_binary_adc(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return whe_alu_add(a, b, *rflags & WHE_RFLAGS_CF, size, rflags);
}

uint64_t whe_binary_sub(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return whe_alu_sub(a, b, 0, size, rflags);
}

uint64_t whe_binary_sbb(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return whe_alu_sub(a, b, *rflags & WHE_RFLAGS_CF, size, rflags);
}

uint64_t whe_binary_and(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return whe_alu_logic(a & b, size, rflags);
}

uint64_t whe_binary_or(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return whe_alu_logic(a | b, size, rflags);
}

uint64_t whe_binary_xor(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return whe_alu_logic(a ^ b, size, rflags);
}

/* INC and DEC leave CF alone. */
static uint64_t keep_carry(uint64_t rflags, uint64_t before)
{
    return (rflags & ~WHE_RFLAGS_CF) | (before & WHE_RFLAGS_CF);
}

uint64_t whe_binary_inc(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    (void)b;
    const uint64_t before = *rflags;
    const uint64_t result = whe_alu_add(a, 1, 0, size, rflags);
    *rflags = keep_carry(*rflags, before);
    return result;
}

uint64_t whe_binary_dec(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    (void)b;
    const uint64_t before = *rflags;
    const uint64_t result = whe_alu_sub(a, 1, 0, size, rflags);
    *rflags = keep_carry(*rflags, before);
    return result;
}

uint64_t whe_binary_neg(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    (void)b;
    return whe_alu_sub(0, a, 0, size, rflags);
}

/* No flags. */
uint64_t whe_binary_not(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    (void)b, (void)size, (void)rflags;
    return ~a;
}

/* The whole operands of a bit offset are part of the address: plan.c. */
static uint64_t test_bit(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    const uint64_t bit = UINT64_C(1) << (b & (8u * size - 1));
    *rflags = (*rflags & ~WHE_RFLAGS_CF) | (a & bit ? WHE_RFLAGS_CF : 0);
    return bit;
}

uint64_t whe_binary_bt(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    test_bit(a, b, size, rflags);
    return a;
}

uint64_t whe_binary_bts(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return a | test_bit(a, b, size, rflags);
}

uint64_t whe_binary_btr(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return a & ~test_bit(a, b, size, rflags);
}

uint64_t whe_binary_btc(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    return a ^ test_bit(a, b, size, rflags);
}
