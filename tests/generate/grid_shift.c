/* SPDX-License-Identifier: MIT */
/* SHL, SHR, SAR, ROL, ROR, RCL, RCR, SHLD, SHRD. */
#include <inttypes.h>

#include "generate.h"

struct kind {
    const char *name;
    uint8_t digit;
    bool is_rotate;
};

static const struct kind kinds[] = {{"rol", 0, true}, {"ror", 1, true},  {"rcl", 2, true},
                                    {"rcr", 3, true}, {"shl", 4, false}, {"shr", 5, false},
                                    {"sar", 7, false}};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const unsigned sizes[] = {1, 2, 4, 8};

/* Two values, so that what leaves and what stays at the top differ. */
static uint64_t value_of(unsigned index, unsigned size)
{
    static const uint64_t values[] = {UINT64_C(0x8123456789abcd65), UINT64_C(0x7edcba987654329a)};
    return values[index] >> (64 - 8 * size);
}

static unsigned masked(unsigned count, unsigned size)
{
    return count & (size == 8 ? 63 : 31);
}

static uint64_t undefined_of(const struct kind *kind, unsigned count, unsigned size)
{
    uint64_t undefined = 0;
    count = masked(count, size);
    if (count == 0)
        return 0;
    if (count != 1)
        undefined |= GEN_OF;
    if (!kind->is_rotate)
        undefined |= GEN_AF;
    if (!kind->is_rotate && kind->digit != 7 && count >= 8 * size)
        undefined |= GEN_CF;
    return undefined;
}

enum count_form { BY_CL, BY_ONE, BY_IMMEDIATE };

static void shift(struct gen_writer *writer, const struct kind *kind, unsigned size,
                  enum count_form form, unsigned count, unsigned which)
{
    static const uint8_t opcodes[] = {0xd2, 0xd0, 0xc0};
    static const char *const forms[] = {"cl", "1", "imm8"};
    bool carry = which & 1;
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-m%u-%s-%u-%s%s", kind->name, 8 * size, forms[form], count,
             which < 2 ? "" : "other-", carry ? "carry" : "no-carry");
    gen_width(c, size);
    gen_opcode(c, opcodes[form] + (size > 1 ? 1u : 0u), kind->digit);
    if (form == BY_IMMEDIATE)
        gen_immediate(c, count, 1);
    if (form == BY_CL)
        c->in.gpr[ORACLE_RCX] = UINT64_C(0xffffffffffffff00) | count;
    uint64_t at = gen_operand(c, value_of(which >> 1 ^ (which & 1), size), size);
    c->in.rflags = carry ? GEN_CF : GEN_STATUS & ~GEN_CF;
    c->undefined = undefined_of(kind, count, size);
    gen_reads(c, at, size);
    gen_writes(c, at, size);
    gen_emit(writer);
}

void gen_shift_by_count(struct gen_writer *writer)
{
    static const uint8_t counts[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255};
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned size = 0; size < 4; size++)
            for (unsigned i = 0; i < sizeof(counts); i++)
                for (unsigned which = 0; which < 2; which++)
                    shift(writer, &kinds[kind], sizes[size], BY_CL, counts[i], which);
}

void gen_shift_by_one(struct gen_writer *writer)
{
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned size = 0; size < 4; size++)
            for (unsigned which = 0; which < 4; which++)
                shift(writer, &kinds[kind], sizes[size], BY_ONE, 1, which);
}

void gen_shift_by_immediate(struct gen_writer *writer)
{
    static const uint8_t counts[] = {0, 3, 31, 37, 64};
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned size = 0; size < 4; size++)
            for (unsigned i = 0; i < sizeof(counts); i++)
                shift(writer, &kinds[kind], sizes[size], BY_IMMEDIATE, counts[i], i & 1);
}

static void shift_double(struct gen_writer *writer, bool is_left, unsigned size, unsigned count,
                         bool in_cl, unsigned which)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-m%u-%s-%u%s", is_left ? "shld" : "shrd", 8 * size, in_cl ? "cl" : "imm8", count,
             which ? "-other" : "");
    gen_width(c, size);
    gen_opcode(c, (is_left ? 0x0fa4u : 0x0facu) + in_cl, ORACLE_RDX);
    if (in_cl)
        c->in.gpr[ORACLE_RCX] = UINT64_C(0xdeadbeef00000000) | count;
    else
        gen_immediate(c, count, 1);
    uint64_t at = gen_operand(c, value_of(which, size), size);
    c->in.gpr[ORACLE_RDX] = which ? UINT64_C(0x2f0011eeddccb1a2) : UINT64_C(0xc0ffee1122334e5d);
    c->in.rflags = GEN_STATUS & ~GEN_CF;
    unsigned used = masked(count, size);
    c->undefined = used == 0 ? 0 : used == 1 ? GEN_AF : GEN_AF | GEN_OF;
    gen_reads(c, at, size);
    gen_writes(c, at, size);
    gen_emit(writer);
}

void gen_shift_double(struct gen_writer *writer)
{
    static const uint8_t counts[] = {0, 1, 2, 4, 15, 16, 17, 31, 32, 33, 40, 63, 64, 65};
    for (unsigned is_left = 0; is_left < 2; is_left++)
        for (unsigned size = 1; size < 4; size++)
            for (unsigned i = 0; i < sizeof(counts); i++) {
                /* Counts above the width give no defined result; the manuals disagree about the
                 * width itself. */
                if (masked(counts[i], sizes[size]) >= 8 * sizes[size])
                    continue;
                for (unsigned which = 0; which < 2; which++) {
                    shift_double(writer, is_left, sizes[size], counts[i], false, which);
                    shift_double(writer, is_left, sizes[size], counts[i], true, which);
                }
            }
}
