/* SPDX-License-Identifier: MIT */
/* SETcc and CMOVcc. */
#include "generate.h"

#define CONDITIONS   16u
#define COMBINATIONS 32u

static const char *const names[CONDITIONS] = {"o", "no", "b", "nb", "z", "nz", "be", "nbe",
                                              "s", "ns", "p", "np", "l", "nl", "le", "nle"};

/* The n-th combination of the five flags that conditions look at. AF, that none does, is set where
 * CF is not. */
static uint64_t combination(unsigned n)
{
    static const uint64_t flags[] = {GEN_CF, GEN_PF, GEN_ZF, GEN_SF, GEN_OF};
    uint64_t rflags = n & 1 ? 0 : GEN_AF;
    for (unsigned i = 0; i < 5; i++)
        rflags |= n >> i & 1 ? flags[i] : 0;
    return rflags;
}

static void name_flags(char *text, uint64_t rflags)
{
    static const struct {
        uint64_t flag;
        char letter;
    } letters[] = {{GEN_OF, 'o'}, {GEN_SF, 's'}, {GEN_ZF, 'z'}, {GEN_PF, 'p'}, {GEN_CF, 'c'}};
    for (unsigned i = 0; i < 5; i++) {
        if (rflags & letters[i].flag)
            *text++ = letters[i].letter;
    }
    *text = '\0';
}

void gen_cond_set(struct gen_writer *writer)
{
    char flags[6];
    for (unsigned condition = 0; condition < CONDITIONS; condition++)
        for (unsigned n = 0; n < COMBINATIONS; n++) {
            struct gen_case *c = gen_begin(writer, ORACLE_64);
            name_flags(flags, combination(n));
            gen_name(c, "set%s-m8-flags-%s", names[condition], *flags ? flags : "none");
            gen_opcode(c, 0x0f90 + condition, 0);
            uint64_t at = gen_operand(c, 0xee, 1);
            c->in.rflags = combination(n);
            gen_writes(c, at, 1);
            gen_emit(writer);
        }
}

static void move(struct gen_writer *writer, unsigned condition, unsigned size, unsigned n)
{
    char flags[6];
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    name_flags(flags, combination(n));
    gen_name(c, "cmov%s-r%u-m%u-flags-%s", names[condition], 8 * size, 8 * size,
             *flags ? flags : "none");
    gen_width(c, size);
    gen_opcode(c, 0x0f40 + condition, ORACLE_RAX);
    uint64_t at = gen_operand(c, gen_cut(UINT64_C(0xfedcba9876543210), size), size);
    c->in.gpr[ORACLE_RAX] = UINT64_C(0x1122334455667788);
    c->in.rflags = combination(n);
    gen_reads(c, at, size);
    gen_emit(writer);
}

void gen_cond_move(struct gen_writer *writer)
{
    for (unsigned condition = 0; condition < CONDITIONS; condition++)
        for (unsigned n = 0; n < COMBINATIONS; n++)
            move(writer, condition, 4, n);
}

void gen_cond_width(struct gen_writer *writer)
{
    for (unsigned condition = 0; condition < CONDITIONS; condition++)
        for (unsigned size = 2; size <= 8; size *= 2) {
            move(writer, condition, size, 0);
            move(writer, condition, size, COMBINATIONS - 1);
        }
}
