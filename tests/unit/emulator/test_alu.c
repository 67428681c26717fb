/* SPDX-License-Identifier: MIT */
/* Results that the manuals give; the differential test against the processor covers the rest. */
#include <criterion/criterion.h>

#include "alu.h"
#include "rflags.h"

#define CF WHE_RFLAGS_CF
#define PF WHE_RFLAGS_PF
#define AF WHE_RFLAGS_AF
#define ZF WHE_RFLAGS_ZF
#define SF WHE_RFLAGS_SF
#define OF WHE_RFLAGS_OF

/* A flag that no operation may touch, and one that is always set. */
#define OTHERS (WHE_RFLAGS_DF | 2)

Test(alu, additions_and_subtractions)
{
    static const struct {
        bool is_sub;
        uint64_t a, b;
        unsigned carry, size;
        uint64_t result, flags;
    } rows[] = {
        {false, 0x7f, 1, 0, 1, 0x80, OF | SF | AF},
        {false, 0xff, 1, 0, 1, 0, CF | ZF | AF | PF},
        {false, 0xff, 0, 1, 1, 0, CF | ZF | AF | PF},
        {false, 0x8000, 0x8000, 0, 2, 0, CF | OF | ZF | PF},
        {false, 0xffffffff, 0xffffffff, 1, 4, 0xffffffff, CF | SF | AF | PF},
        {false, 0x7fffffffffffffff, 0, 1, 8, 0x8000000000000000, OF | SF | AF | PF},
        {true, 0, 1, 0, 1, 0xff, CF | SF | AF | PF},
        {true, 0x80, 1, 0, 1, 0x7f, OF | AF},
        {true, 5, 5, 0, 4, 0, ZF | PF},
        {true, 5, 5, 1, 4, 0xffffffff, CF | SF | AF | PF},
        {true, 0, 0x8000000000000000, 0, 8, 0x8000000000000000, CF | OF | SF | PF},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t rflags = OTHERS | CF;
        uint64_t result = (rows[i].is_sub ? whe_alu_sub : whe_alu_add)(
            rows[i].a, rows[i].b, rows[i].carry, rows[i].size, &rflags);
        cr_expect_eq(result, rows[i].result, "row %zu: %#llx", i, (unsigned long long)result);
        cr_expect_eq(rflags, OTHERS | rows[i].flags, "row %zu: %#llx", i,
                     (unsigned long long)rflags);
    }
}

Test(alu, shifts_by_one_and_more)
{
    static const struct {
        enum whe_shift kind;
        uint64_t a;
        unsigned count, size;
        bool carry_in;
        uint64_t result;
        bool carry, overflow; /* overflow where the count is 1 */
    } rows[] = {
        {WHE_SHL, 0x81, 1, 1, false, 0x02, true, true},
        {WHE_SHL, 0x40, 1, 1, true, 0x80, false, true},
        {WHE_SHL, 1, 8, 1, false, 0, true, false},
        {WHE_SHR, 0x81, 1, 1, false, 0x40, true, true},
        {WHE_SHR, 0x80000000, 31, 4, false, 1, false, false},
        {WHE_SAR, 0x81, 1, 1, false, 0xc0, true, false},
        {WHE_SAR, 0x80, 31, 1, false, 0xff, true, false},
        {WHE_ROL, 0x81, 1, 1, false, 0x03, true, true},
        {WHE_ROL, 0x12, 8, 1, true, 0x12, false, false},
        {WHE_ROR, 0x01, 1, 1, false, 0x80, true, true},
        {WHE_ROR, 0x12345678, 8, 4, true, 0x78123456, false, false},
        {WHE_RCL, 0x80, 1, 1, true, 0x01, true, true},
        {WHE_RCR, 0x01, 1, 1, true, 0x80, true, true},
        {WHE_RCL, 0x12, 9, 1, true, 0x12, true, false},
        {WHE_RCL, 0x8000000000000000, 1, 8, false, 0, true, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t rflags = rows[i].carry_in ? CF : 0;
        uint64_t result =
            whe_alu_shift(rows[i].kind, rows[i].a, rows[i].count, rows[i].size, &rflags);
        cr_expect_eq(result, rows[i].result, "row %zu: %#llx", i, (unsigned long long)result);
        cr_expect_eq((rflags & CF) != 0, rows[i].carry, "row %zu: carry", i);
        if (rows[i].count == 1)
            cr_expect_eq((rflags & OF) != 0, rows[i].overflow, "row %zu: overflow", i);
    }
}

Test(alu, a_masked_count_of_0_changes_nothing)
{
    static const unsigned counts[] = {0, 32, 64, 96, 128};
    for (size_t i = 0; i < 5; i++) {
        uint64_t rflags = CF | ZF | OF;
        cr_expect_eq(whe_alu_shift(WHE_SHL, 0x12, counts[i], 4, &rflags), 0x12);
        cr_expect_eq(whe_alu_shift_double(true, 0x12, 0xff, counts[i], 4, &rflags), 0x12);
        cr_expect_eq(rflags, CF | ZF | OF);
    }
    uint64_t rflags = 0;
    cr_expect_eq(whe_alu_shift(WHE_SHL, 1, 32, 8, &rflags), UINT64_C(1) << 32,
                 "6 bits for 8 bytes");
}

Test(alu, double_shifts)
{
    uint64_t rflags = 0;
    cr_expect_eq(whe_alu_shift_double(true, 0x1234, 0xabcd, 4, 2, &rflags), 0x234a);
    cr_expect_eq(rflags & CF, CF);
    cr_expect_eq(whe_alu_shift_double(false, 0x1234, 0xabcd, 4, 2, &rflags), 0xd123);
    cr_expect_eq(rflags & CF, 0);
    cr_expect_eq(whe_alu_shift_double(true, 1, UINT64_C(1) << 63, 1, 8, &rflags), 3);
    cr_expect_eq(whe_alu_shift_double(false, 2, 1, 1, 8, &rflags), (UINT64_C(1) << 63) | 1);
}

Test(alu, products)
{
    uint64_t high, rflags = 0;
    cr_expect_eq(whe_alu_mul(0xff, 0xff, false, 1, &high, &rflags), 0x01);
    cr_expect_eq(high, 0xfe);
    cr_expect_eq(rflags & (CF | OF), CF | OF);
    cr_expect_eq(whe_alu_mul(0xff, 0xff, true, 1, &high, &rflags), 1);
    cr_expect_eq(high, 0);
    cr_expect_eq(rflags & (CF | OF), 0);
    cr_expect_eq(whe_alu_mul(0x80, 0xff, true, 1, &high, &rflags), 0x80, "128 does not fit");
    cr_expect_eq(rflags & (CF | OF), CF | OF);
    cr_expect_eq(whe_alu_mul(UINT64_MAX, UINT64_MAX, false, 8, &high, &rflags), 1);
    cr_expect_eq(high, UINT64_MAX - 1);
}

Test(alu, quotients_and_divide_errors)
{
    static const struct {
        uint64_t high, low, by;
        bool is_signed;
        unsigned size;
        bool fits;
        uint64_t quotient, remainder;
    } rows[] = {
        {0, 100, 7, false, 1, true, 14, 2},
        {0, 100, 0, false, 1, false, 0, 0},
        {1, 0, 1, false, 1, false, 0, 0},
        {0, 0xff, 1, false, 1, true, 0xff, 0},
        {0xff, 0x9c, 7, true, 1, true, 0xf2, 0xfe}, /* -100 / 7 */
        {0, 0x80, 1, true, 1, false, 0, 0},         /* 128 */
        {0xff, 0x80, 1, true, 1, true, 0x80, 0},    /* -128 */
        {0, 0x80, 0xff, true, 1, true, 0x80, 0},    /* 128 / -1 */
        {0xffffffff, 0x80000000, 0xffffffff, true, 4, false, 0, 0},
        {1, 0, 2, false, 8, true, UINT64_C(1) << 63, 0},
        {UINT64_C(1) << 63, 0, UINT64_MAX, true, 8, false, 0, 0},
        {UINT64_MAX, UINT64_C(1) << 63, 1, true, 8, true, UINT64_C(1) << 63, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t quotient = 0;
        uint64_t remainder = 0;
        cr_expect_eq(whe_alu_div(rows[i].high, rows[i].low, rows[i].by, rows[i].is_signed,
                                 rows[i].size, &quotient, &remainder),
                     rows[i].fits, "row %zu", i);
        cr_expect_eq(quotient, rows[i].quotient, "row %zu: %#llx", i, (unsigned long long)quotient);
        cr_expect_eq(remainder, rows[i].remainder, "row %zu: %#llx", i,
                     (unsigned long long)remainder);
    }
}

Test(alu, conditions_come_in_pairs)
{
    static const uint64_t flags[] = {OF, CF, ZF, CF | ZF, SF, PF, SF, ZF | SF};
    for (unsigned c = 0; c < 16; c += 2) {
        cr_expect(whe_alu_condition(c, flags[c / 2]), "condition %u", c);
        cr_expect(!whe_alu_condition(c + 1, flags[c / 2]), "condition %u", c + 1);
        cr_expect(!whe_alu_condition(c, 0), "condition %u", c);
        cr_expect(whe_alu_condition(c + 1, 0), "condition %u", c + 1);
    }
    cr_expect(!whe_alu_condition(12, SF | OF), "less: SF and OF are equal");
}
