/* SPDX-License-Identifier: MIT */
/* ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST, INC, DEC, NEG, NOT. */
#include <inttypes.h>

#include "generate.h"

#define NOISE UINT64_C(0x1122334455667788)

enum { TEST_INDEX = 8, OPERATIONS };

struct operation {
    const char *name;
    bool writes;
    uint64_t undefined;
};

/* In the order of their opcodes, TEST behind them. */
static const struct operation operations[OPERATIONS] = {
    {"add", true, 0},      {"or", true, GEN_AF},  {"adc", true, 0},
    {"sbb", true, 0},      {"and", true, GEN_AF}, {"sub", true, 0},
    {"xor", true, GEN_AF}, {"cmp", false, 0},     {"test", false, GEN_AF}};

static const unsigned sizes[] = {1, 2, 4, 8};

/* A pair for each way in which flags can come out; cut to the size, `top` is its sign bit. */
struct pair {
    uint64_t a, b;
};

#define PAIRS 9u

static struct pair pair_of(unsigned index, unsigned size)
{
    uint64_t top = UINT64_C(1) << (8 * size - 1);
    const struct pair pairs[PAIRS] = {{0, 0},
                                      {UINT64_MAX, 1},
                                      {top - 1, 1},
                                      {top, top},
                                      {top, 1},
                                      {0x0f, 0x01},
                                      {0x10, 0x01},
                                      {1, UINT64_MAX},
                                      {UINT64_C(0xa5a5a5a5a5a5a5a5), UINT64_C(0x5a3c5a3c5a3c5a3c)}};
    return (struct pair){gen_cut(pairs[index].a, size), gen_cut(pairs[index].b, size)};
}

static const char *flags_name(uint64_t rflags)
{
    return rflags ? "set" : "clear";
}

/* Opcode of the form "memory, register" or, with `to_register`, "register, memory". */
static unsigned opcode_of(unsigned operation, unsigned size, bool to_register)
{
    if (operation == TEST_INDEX)
        return size == 1 ? 0x84 : 0x85;
    return 8 * operation + (to_register ? 2 : 0) + (size == 1 ? 0 : 1);
}

static void binary(struct gen_writer *writer, unsigned operation, unsigned size, struct pair pair,
                   uint64_t rflags)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-m%u-r%u-%" PRIx64 "-%" PRIx64 "-%s", operations[operation].name, 8 * size,
             8 * size, pair.a, pair.b, flags_name(rflags));
    gen_width(c, size);
    gen_opcode(c, opcode_of(operation, size, false), ORACLE_RDX);
    uint64_t at = gen_operand(c, pair.a, size);
    c->in.gpr[ORACLE_RDX] = size == 8 ? pair.b : (NOISE & ~gen_cut(UINT64_MAX, size)) | pair.b;
    c->in.rflags = rflags;
    c->undefined = operations[operation].undefined;
    gen_reads(c, at, size);
    if (operations[operation].writes)
        gen_writes(c, at, size);
    gen_emit(writer);
}

void gen_alu_binary(struct gen_writer *writer)
{
    for (unsigned operation = 0; operation < OPERATIONS; operation++)
        for (unsigned size = 0; size < 4; size++)
            for (unsigned pair = 0; pair < PAIRS; pair++)
                for (unsigned set = 0; set < 2; set++)
                    binary(writer, operation, sizes[size], pair_of(pair, sizes[size]),
                           set ? GEN_STATUS : 0);
}

/* @return the register number of xL or xH in a byte instruction without REX. */
static const char *byte_name(unsigned reg)
{
    static const char *const names[] = {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"};
    return names[reg];
}

static void from_memory(struct gen_writer *writer, unsigned operation, unsigned size, unsigned reg,
                        struct pair pair)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_width(c, size);
    gen_opcode(c, opcode_of(operation, size, true), reg);
    if (size == 1)
        gen_name(c, "%s-%s-m8-%" PRIx64 "-%" PRIx64, operations[operation].name, byte_name(reg),
                 pair.a, pair.b);
    else
        gen_name(c, "%s-r%u-m%u-%" PRIx64 "-%" PRIx64, operations[operation].name, 8 * size,
                 8 * size, pair.a, pair.b);
    uint64_t at = gen_operand(c, pair.b, size);
    unsigned shift = size == 1 && reg >= 4 ? 8 : 0;
    unsigned whole = reg & (size == 1 ? 3 : 7);
    uint64_t mask = gen_cut(UINT64_MAX, size) << shift;
    c->in.gpr[whole] = (NOISE & ~mask) | pair.a << shift;
    c->in.rflags = GEN_CF;
    c->undefined = operations[operation].undefined;
    gen_reads(c, at, size);
    gen_emit(writer);
}

void gen_alu_from_memory(struct gen_writer *writer)
{
    for (unsigned operation = 0; operation < TEST_INDEX; operation++)
        for (unsigned size = 0; size < 4; size++)
            for (unsigned pair = 1; pair < PAIRS; pair += 3) {
                from_memory(writer, operation, sizes[size], ORACLE_RDX, pair_of(pair, sizes[size]));
                if (sizes[size] == 1)
                    from_memory(writer, operation, 1, 6, pair_of(pair, 1)); /* DH */
            }
}

/* `width` is that of the immediate: 1, or the operand's, of which 8 bytes have 4. */
static void immediate(struct gen_writer *writer, unsigned operation, unsigned size, unsigned width,
                      uint64_t value)
{
    bool is_test = operation == TEST_INDEX;
    unsigned opcode = is_test                   ? (size == 1 ? 0xf6 : 0xf7)
                      : size == 1               ? 0x80
                      : width == 1 && size != 1 ? 0x83
                                                : 0x81;
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-m%u-imm%u-%" PRIx64, operations[operation].name, 8 * size, 8 * width,
             gen_cut(value, width));
    gen_width(c, size);
    gen_opcode(c, opcode, is_test ? 0 : operation);
    gen_immediate(c, value, width);
    uint64_t at = gen_operand(c, gen_cut(UINT64_C(0x80ff7f0180ff7f81), size), size);
    c->in.rflags = GEN_CF | GEN_OF;
    c->undefined = operations[operation].undefined;
    gen_reads(c, at, size);
    if (operations[operation].writes)
        gen_writes(c, at, size);
    gen_emit(writer);
}

void gen_alu_immediate(struct gen_writer *writer)
{
    for (unsigned operation = 0; operation < OPERATIONS; operation++)
        for (unsigned size = 0; size < 4; size++) {
            unsigned width = sizes[size] == 8 ? 4 : sizes[size];
            immediate(writer, operation, sizes[size], width, UINT64_C(0x81234567f1));
            if (width > 1 && operation != TEST_INDEX) {
                immediate(writer, operation, sizes[size], 1, 0x7f);
                immediate(writer, operation, sizes[size], 1, 0x80);
            }
            if (width > 1)
                immediate(writer, operation, sizes[size], width, 0x80000000 >> (32 - 8 * width));
        }
}

void gen_alu_register(struct gen_writer *writer)
{
    for (unsigned operation = 0; operation < OPERATIONS; operation++)
        for (unsigned size = 0; size < 4; size++)
            for (unsigned with_immediate = 0; with_immediate < 2; with_immediate++) {
                unsigned width = sizes[size] == 8 ? 4 : sizes[size];
                struct gen_case *c = gen_begin(writer, ORACLE_64);
                gen_width(c, sizes[size]);
                gen_name(c, "%s-%s%u-%s%u", operations[operation].name,
                         with_immediate ? "acc" : "r", 8 * sizes[size],
                         with_immediate ? "imm" : "r",
                         with_immediate ? 8 * width : 8 * sizes[size]);
                if (with_immediate) {
                    gen_byte(c, (operation == TEST_INDEX ? 0xa8 : 8 * operation + 4) +
                                    (sizes[size] == 1 ? 0u : 1u));
                    gen_immediate(c, 0xf0fedcba, width);
                } else {
                    gen_opcode_register(c, opcode_of(operation, sizes[size], false), ORACLE_RDX,
                                        ORACLE_RAX);
                }
                c->in.gpr[ORACLE_RAX] = UINT64_C(0x8899aabbccddeeff);
                c->in.gpr[ORACLE_RDX] = UINT64_C(0x7fedcba987654321);
                c->in.rflags = GEN_CF;
                c->undefined = operations[operation].undefined;
                gen_emit(writer);
            }
}

static void unary(struct gen_writer *writer, unsigned operation, unsigned size, uint64_t value,
                  uint64_t rflags)
{
    static const struct {
        const char *name;
        uint8_t opcode, digit;
    } forms[] = {{"inc", 0xfe, 0}, {"dec", 0xfe, 1}, {"not", 0xf6, 2}, {"neg", 0xf6, 3}};
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-m%u-%" PRIx64 "-%s", forms[operation].name, 8 * size, value,
             flags_name(rflags));
    gen_width(c, size);
    gen_opcode(c, forms[operation].opcode + (size > 1 ? 1u : 0u), forms[operation].digit);
    uint64_t at = gen_operand(c, value, size);
    c->in.rflags = rflags;
    gen_reads(c, at, size);
    gen_writes(c, at, size);
    gen_emit(writer);
}

void gen_alu_unary(struct gen_writer *writer)
{
    for (unsigned operation = 0; operation < 4; operation++)
        for (unsigned size = 0; size < 4; size++) {
            uint64_t top = UINT64_C(1) << (8 * sizes[size] - 1);
            const uint64_t values[] = {0, 1, 0x0f, 0x10, top - 1, top, UINT64_MAX};
            for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
                for (unsigned set = 0; set < 2; set++)
                    unary(writer, operation, sizes[size], gen_cut(values[i], sizes[size]),
                          set ? GEN_STATUS : 0);
        }
}

void gen_alu_modes(struct gen_writer *writer)
{
    static const enum oracle_mode modes[] = {ORACLE_32, ORACLE_16};
    for (unsigned mode = 0; mode < 2; mode++)
        for (unsigned operation = 0; operation < OPERATIONS; operation++)
            for (unsigned size = 0; size < 3; size++) {
                struct gen_case *c = gen_begin(writer, modes[mode]);
                gen_name(c, "%s-m%u-%s", operations[operation].name, 8 * sizes[size],
                         modes[mode] == ORACLE_32 ? "prot32" : "prot16");
                gen_width(c, sizes[size]);
                gen_opcode(c, opcode_of(operation, sizes[size], false), ORACLE_RDX);
                uint64_t at = gen_operand(c, gen_cut(0x89abcdef, sizes[size]), sizes[size]);
                c->in.gpr[ORACLE_RDX] = 0x76543291;
                c->in.rflags = GEN_CF;
                c->undefined = operations[operation].undefined;
                gen_reads(c, at, sizes[size]);
                if (operations[operation].writes)
                    gen_writes(c, at, sizes[size]);
                gen_emit(writer);
            }
}
