/* SPDX-License-Identifier: MIT */
/*
 * P beside O or U that is not masked. The processor then tells whether the result, rounded to the
 * destination's precision, is exact were its exponent unbounded (SDM 1, 4.9.1.5); a masked run
 * tells whether infinity or a denormal is. The x87 rounds to either precision and has exponents
 * enough. An instruction's elements are taken one by one: of those that are no exception the masked
 * P counts.
 */
#include "fp_masked.h"

#ifdef __x86_64__

#define FLOAT_ONE  UINT64_C(0x3f800000)
#define DOUBLE_ONE UINT64_C(0x3ff0000000000000)

#define FLOAT_FRACTION 0x007fffffu
#define FLOAT_EXPONENT 0x7f800000u
#define HALF_BITS      11

#define X87_MASKED        0x7fu /* and a bit that is always set */
#define X87_DOUBLE        (2u << 8)
#define X87_ROUNDING_FROM 10
#define X87_PE            0x20u

/* The two operands of an element, as they lie in memory. */
struct pair {
    uint64_t x;
    uint64_t y;
    enum whe_sum sum; /* ADD, SUB, MUL, DIV or HALF */
    bool is_double;   /* the operands */
    bool is_narrowed; /* the result is a float */
};

/* What the x87 holds is put back, though nothing should be there. */
#define X87(load, operation)                                                                       \
    __asm__ volatile("fnstenv %[environment]\n\tfnclex\n\tfldcw %[control]\n\t" load               \
                     " %[x]\n\t" operation " %[y]\n\tfnstsw %[status]\n\tfstp %%st(0)\n\t"         \
                     "fldenv %[environment]"                                                       \
                     : [environment] "+m"(environment), [status] "=a"(status)                      \
                     : [control] "m"(control), [x] "m"(pair->x), [y] "m"(pair->y)                  \
                     : "st")

/* A half has 11 bits, which no rounding of the x87's has: those of the significand, leading one
   included where there is one. */
static bool is_inexact_half(uint64_t x)
{
    uint32_t significand = (uint32_t)x & FLOAT_FRACTION;
    if (x & FLOAT_EXPONENT)
        significand |= FLOAT_FRACTION + 1;
    while (significand != 0 && !(significand & 1))
        significand >>= 1;
    return significand >> HALF_BITS != 0;
}

static bool is_inexact(const struct pair *pair, uint32_t mxcsr)
{
    const unsigned rounding = (mxcsr & WHE_MXCSR_RC) >> WHE_MXCSR_RC_SHIFT;
    const bool is_float = pair->is_narrowed || !pair->is_double;
    const uint16_t control =
        (uint16_t)(X87_MASKED | (is_float ? 0 : X87_DOUBLE) | rounding << X87_ROUNDING_FROM);
    uint32_t environment[7] = {0};
    uint16_t status = 0;
    switch (pair->sum) {
    case WHE_SUM_HALF:
        return is_inexact_half(pair->x);
    case WHE_SUM_ADD:
        if (pair->is_double)
            X87("fldl", "faddl");
        else
            X87("flds", "fadds");
        break;
    case WHE_SUM_SUB:
        if (pair->is_double)
            X87("fldl", "fsubl");
        else
            X87("flds", "fsubs");
        break;
    case WHE_SUM_MUL:
        if (pair->is_double)
            X87("fldl", "fmull");
        else
            X87("flds", "fmuls");
        break;
    default:
        if (pair->is_double)
            X87("fldl", "fdivl");
        else
            X87("flds", "fdivs");
        break;
    }
    return (status & X87_PE) != 0;
}

static uint64_t get(const whe_xmm *from, unsigned element, unsigned i)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *)from + element * i, element);
    return value;
}

static void put(whe_xmm *to, unsigned element, unsigned i, uint64_t value)
{
    memcpy((uint8_t *)to + element * i, &value, element);
}

static bool is_horizontal(const struct whe_fp_row *row)
{
    return row->sum == WHE_SUM_HADD || row->sum == WHE_SUM_HSUB;
}

static bool is_conversion(const struct whe_fp_row *row)
{
    return row->sum == WHE_SUM_NARROW || row->sum == WHE_SUM_HALF;
}

static enum whe_sum sum_of(const struct whe_fp_row *row, unsigned i)
{
    switch (row->sum) {
    case WHE_SUM_NARROW: /* 0 is added */
    case WHE_SUM_HADD:
        return WHE_SUM_ADD;
    case WHE_SUM_HSUB:
        return WHE_SUM_SUB;
    case WHE_SUM_ADDSUB:
        return i % 2 ? WHE_SUM_ADD : WHE_SUM_SUB;
    default:
        return (enum whe_sum)row->sum;
    }
}

/* What element i of the result comes from. */
static struct pair pair_of(const struct whe_fp_row *row, const struct whe_fp *fp, unsigned i)
{
    const unsigned element = row->element;
    struct pair pair = {.sum = sum_of(row, i), .is_double = element == 8};
    if (is_horizontal(row)) {
        const whe_xmm *from = i < row->elements / 2u ? &fp->a : &fp->b;
        pair.x = get(from, element, 2 * i % row->elements);
        pair.y = get(from, element, 2 * i % row->elements + 1);
    } else if (is_conversion(row)) {
        pair.x = get(&fp->b, element, i);
        pair.is_narrowed = true;
    } else {
        pair.x = get(&fp->a, element, i);
        pair.y = get(&fp->b, element, i);
    }
    return pair;
}

/* The operands of an instruction that does with this pair what it does in element i, and of whose
   other elements none is an exception: these are made of 0 and 1. */
static struct whe_fp alone(const struct whe_fp_row *row, const struct pair *pair, unsigned i)
{
    const unsigned element = row->element;
    const uint64_t one = element == 8 ? DOUBLE_ONE : FLOAT_ONE;
    struct whe_fp fp = {.is_wide = false};
    for (unsigned k = 0; k < sizeof(fp.a) / element; k++) {
        put(&fp.a, element, k, is_horizontal(row) && k % 2 ? one : 0);
        put(&fp.b, element, k, is_horizontal(row) && k % 2 == 0 ? 0 : one);
    }
    if (is_horizontal(row)) {
        put(&fp.a, element, 0, pair->x);
        put(&fp.a, element, 1, pair->y);
    } else if (is_conversion(row)) {
        put(&fp.b, element, i, pair->x);
    } else {
        put(&fp.a, element, i, pair->x);
        put(&fp.b, element, i, pair->y);
    }
    return fp;
}

unsigned whe_fp_precision(const struct whe_fp_row *row, const struct whe_fp *fp, uint32_t mxcsr)
{
    const unsigned exceptions = ~(mxcsr >> 7) & (WHE_MXCSR_OE | WHE_MXCSR_UE);
    unsigned precision = 0;
    for (unsigned i = 0; i < row->elements; i++) {
        const struct pair pair = pair_of(row, fp, i);
        struct whe_fp one = alone(row, &pair, i);
        one.immediate = fp->immediate;
        const unsigned flags = whe_fp_masked(row, &one, mxcsr);
        if (flags & exceptions)
            precision |= is_inexact(&pair, mxcsr) ? WHE_MXCSR_PE : 0;
        else
            precision |= flags & WHE_MXCSR_PE;
    }
    return precision;
}

#else

/* ISO C wants something in every file. */
typedef int whe_fp_precision_is_not_here;

#endif
