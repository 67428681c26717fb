/* SPDX-License-Identifier: MIT */
/* MUL, IMUL, DIV, IDIV. */
#include <inttypes.h>

#include "generate.h"

#define NOISE UINT64_C(0x1122334455667788)

static const unsigned sizes[] = {1, 2, 4, 8};

#define VALUES 8u

static uint64_t value_of(unsigned index, unsigned size)
{
    uint64_t top = UINT64_C(1) << (8 * size - 1);
    const uint64_t values[VALUES] = {0,       1,          2,   UINT64_C(1) << (4 * size),
                                     top - 1, UINT64_MAX, top, UINT64_C(0xa5c3f0961e2d3c4b)};
    return gen_cut(values[index], size);
}

static void set_register(struct gen_case *c, unsigned reg, uint64_t value, unsigned size)
{
    c->in.gpr[reg] = (NOISE & ~gen_cut(UINT64_MAX, size)) | value;
}

void gen_mul(struct gen_writer *writer)
{
    for (unsigned is_signed = 0; is_signed < 2; is_signed++)
        for (unsigned size = 0; size < 4; size++)
            for (unsigned pair = 0; pair < VALUES * VALUES; pair += 3) {
                uint64_t a = value_of(pair / VALUES, sizes[size]);
                uint64_t b = value_of(pair % VALUES, sizes[size]);
                struct gen_case *c = gen_begin(writer, ORACLE_64);
                gen_name(c, "%s-m%u-%" PRIx64 "-%" PRIx64, is_signed ? "imul" : "mul",
                         8 * sizes[size], a, b);
                gen_width(c, sizes[size]);
                gen_opcode(c, 0xf6 + (sizes[size] > 1 ? 1u : 0u), 4 + is_signed);
                uint64_t at = gen_operand(c, a, sizes[size]);
                set_register(c, ORACLE_RAX, b, sizes[size]);
                c->in.gpr[ORACLE_RDX] = NOISE;
                c->in.rflags = pair & 1 ? GEN_CF | GEN_OF : 0;
                c->undefined = GEN_SF | GEN_ZF | GEN_AF | GEN_PF;
                gen_reads(c, at, sizes[size]);
                gen_emit(writer);
            }
}

/* `width`: 0 for the form with two operands, else that of the immediate. */
static void imul(struct gen_writer *writer, unsigned size, unsigned width, uint64_t a, uint64_t b)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_width(c, size);
    if (width == 0)
        gen_name(c, "imul-r%u-m%u-%" PRIx64 "-%" PRIx64, 8 * size, 8 * size, a, b);
    else
        gen_name(c, "imul-r%u-m%u-imm%u-%" PRIx64 "-%" PRIx64, 8 * size, 8 * size, 8 * width, a, b);
    gen_opcode(c, width == 0 ? 0x0faf : width == 1 ? 0x6b : 0x69, ORACLE_RDX);
    gen_immediate(c, b, width);
    uint64_t at = gen_operand(c, a, size);
    set_register(c, ORACLE_RDX, width == 0 ? b : 0, size);
    c->in.rflags = GEN_CF;
    c->undefined = GEN_SF | GEN_ZF | GEN_AF | GEN_PF;
    gen_reads(c, at, size);
    gen_emit(writer);
}

void gen_imul(struct gen_writer *writer)
{
    for (unsigned size = 1; size < 4; size++) {
        unsigned wide = sizes[size] == 8 ? 4 : sizes[size];
        for (unsigned i = 0; i < VALUES; i++) {
            uint64_t a = value_of(i, sizes[size]);
            imul(writer, sizes[size], 0, a, value_of(VALUES - 1 - i, sizes[size]));
            imul(writer, sizes[size], 1, a, i & 1 ? 0x7f : 0xfe);
            imul(writer, sizes[size], wide, a, gen_cut(i & 1 ? 0x12345 : 0x87654321, wide));
        }
    }
}

static void divide(struct gen_writer *writer, bool is_signed, unsigned size, uint64_t high,
                   uint64_t low, uint64_t divisor)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-m%u-%" PRIx64 ".%" PRIx64 "-%" PRIx64, is_signed ? "idiv" : "div", 8 * size,
             high, low, divisor);
    gen_width(c, size);
    gen_opcode(c, 0xf6 + (size > 1 ? 1u : 0u), 6 + is_signed);
    uint64_t at = gen_operand(c, divisor, size);
    if (size == 1) {
        set_register(c, ORACLE_RAX, high << 8 | low, 2);
    } else {
        set_register(c, ORACLE_RAX, low, size);
        set_register(c, ORACLE_RDX, high, size);
    }
    c->in.rflags = GEN_STATUS;
    c->undefined = GEN_STATUS;
    gen_reads(c, at, size);
    gen_emit(writer);
}

void gen_div(struct gen_writer *writer)
{
    for (unsigned is_signed = 0; is_signed < 2; is_signed++)
        for (unsigned i = 0; i < 4; i++) {
            unsigned size = sizes[i];
            uint64_t top = UINT64_C(1) << (8 * size - 1);
            uint64_t ones = gen_cut(UINT64_MAX, size);
            const uint64_t grid[][3] = {
                /* high, low, divisor */
                {0, 100, 7},
                {0, 100, gen_cut(-UINT64_C(7), size)},
                {ones, gen_cut(-UINT64_C(100), size), 7},
                {ones, gen_cut(-UINT64_C(100), size), gen_cut(-UINT64_C(7), size)},
                {0, 1, 0},
                {0, top, 1},
                {0, top - 1, 1},
                {0, top, ones},
                {ones, top, ones},
                {ones, top, 1},
                {ones, top - 1, 1},
                {1, 0, 1},
                {1, 0, 2},
                {1, 2, 3},
                {ones - 1, ones, ones},
                {top >> 1, 0, top - 1},
                {top - 1, ones, ones},
                {ones, ones, ones}};
            for (unsigned n = 0; n < sizeof(grid) / sizeof(grid[0]); n++)
                divide(writer, is_signed, size, grid[n][0], grid[n][1], grid[n][2]);
        }
}
