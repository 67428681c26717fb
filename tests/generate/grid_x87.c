/* SPDX-License-Identifier: MIT */
/* The x87 and memory: loads, stores, arithmetic, control words. */
#include "generate.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))
#define TOP_7        0x3800u
#define TAG_7        0x80u
#define CONDITIONS   0x4500u /* C0, C2, C3 */
#define C1           0x200u
#define UNMASKED     0x340u

enum type { SINGLE, DOUBLE, EXTENDED, WORD, LONG, QUAD, DECIMAL, CONTROL, TYPES };

static const unsigned sizes[TYPES] = {4, 8, 10, 2, 4, 8, 10, 2};
static const char *const types[TYPES] = {"m32", "m64", "m80", "i16", "i32", "i64", "d80", "m16"};

struct row {
    const char *name;
    uint8_t type;
    uint8_t opcode, digit;
};

static const struct row loads[] = {
    {"fld", SINGLE, 0xd9, 0},   {"fld", DOUBLE, 0xdd, 0}, {"fld", EXTENDED, 0xdb, 5},
    {"fild", WORD, 0xdf, 0},    {"fild", LONG, 0xdb, 0},  {"fild", QUAD, 0xdf, 5},
    {"fbld", DECIMAL, 0xdf, 4},
};

static const struct row stores[] = {
    {"fst", SINGLE, 0xd9, 2},  {"fst", DOUBLE, 0xdd, 2},    {"fstp", SINGLE, 0xd9, 3},
    {"fstp", DOUBLE, 0xdd, 3}, {"fstp", EXTENDED, 0xdb, 7}, {"fist", WORD, 0xdf, 2},
    {"fist", LONG, 0xdb, 2},   {"fistp", WORD, 0xdf, 3},    {"fistp", LONG, 0xdb, 3},
    {"fistp", QUAD, 0xdf, 7},  {"fisttp", WORD, 0xdf, 1},   {"fisttp", LONG, 0xdb, 1},
    {"fisttp", QUAD, 0xdd, 1}, {"fbstp", DECIMAL, 0xdf, 6},
};

/* The operation is the digit; the opcode tells the type. */
static const char *const operations[] = {"add", "mul", "com", "comp", "sub", "subr", "div", "divr"};
static const struct row operands[] = {
    {"f", SINGLE, 0xd8, 0}, {"f", DOUBLE, 0xdc, 0}, {"fi", WORD, 0xde, 0}, {"fi", LONG, 0xda, 0}};

/* What rounds, what is special, and what is at an end of the range. */
#define VALUES 3u
static const struct oracle_xmm in_memory[TYPES][VALUES] = {
    [SINGLE] = {{0x3eaaaaab, 0}, {0x7f812345, 0}, {0x80000001, 0}},
    [DOUBLE] = {{UINT64_C(0x3fd5555555555555), 0}, {UINT64_C(0x7ff4123456789abc), 0}, {1, 0}},
    [EXTENDED] = {{UINT64_C(0xaaaaaaaaaaaaaaab), 0x3ffd},
                  {UINT64_C(0x8000000000000001), 0xffff},
                  {UINT64_C(0x4000000000000000), 0x4001}},
    [WORD] = {{0xfffe, 0}, {0, 0}, {0x8000, 0}},
    [LONG] = {{0xfffffffe, 0}, {0, 0}, {0x80000000, 0}},
    [QUAD] = {{UINT64_C(0xfffffffffffffffe), 0}, {0, 0}, {UINT64_C(0x8000000000000000), 0}},
    [DECIMAL] = {{UINT64_C(0x1234567890), 0}, {0, 0x8000}, {UINT64_C(0x9999999999999999), 0x8099}},
};

/* ST(0), or that it is empty, and the control word. */
static const struct {
    const char *name;
    struct oracle_xmm value;
    uint16_t control;
    bool is_empty;
    bool is_invalid; /* for integers */
} tops[] = {
    {"third", {UINT64_C(0xaaaaaaaaaaaaaaab), 0x3ffd}, 0x37f, false, false},
    {"minus-1000.5-up", {UINT64_C(0xfa20000000000000), 0xc008}, 0xb7f, false, false},
    {"signaling", {UINT64_C(0x8000000000000001), 0x7fff}, 0x37f, false, true},
    {"empty", {0, 0}, 0x37f, true, true},
    {"2-to-70-unmasked", {UINT64_C(0x8000000000000000), 0x4045}, UNMASKED, false, true},
    {"2-to-minus-140-down", {UINT64_C(0xc000000000000001), 0x3f73}, 0x77f, false, false},
};

/* @return a case with ST(0), or an empty stack, and the instruction. */
static struct gen_case *begin(struct gen_writer *writer, const struct row *row, unsigned digit,
                              const struct oracle_xmm *top, uint16_t control)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_opcode(c, row->opcode, digit);
    c->in.has_fx = true;
    c->in.fx = (struct oracle_fx){.control = control, .mxcsr = ORACLE_MXCSR};
    if (top) {
        c->in.fx.status = TOP_7;
        c->in.fx.tag = TAG_7;
        c->in.fx.st[0] = *top;
    }
    c->x87_status = (uint16_t)~CONDITIONS;
    return c;
}

static uint64_t poke(struct gen_case *c, struct oracle_xmm value, unsigned size)
{
    const unsigned low = size < 8 ? size : 8;
    uint64_t at = gen_operand(c, gen_cut(value.low, low), low);
    if (size > 8)
        gen_poke(c, at + 8, value.high, size - 8);
    return at;
}

static void load(struct gen_writer *writer, const struct row *row, unsigned n, bool is_full)
{
    struct gen_case *c = begin(writer, row, row->digit, NULL, ORACLE_CONTROL);
    gen_name(c, "%s-%s-%s%u", row->name, types[row->type], is_full ? "full-" : "", n);
    if (is_full)
        c->in.fx.tag = UINT8_MAX;
    gen_reads(c, poke(c, in_memory[row->type][n], sizes[row->type]), sizes[row->type]);
    gen_emit(writer);
}

/* What is invalid, and not masked, is not stored. */
static void store(struct gen_writer *writer, const struct row *row, unsigned n)
{
    const struct oracle_xmm before = {UINT64_C(0xcccccccccccccccc), 0xcccc};
    const bool is_stored = tops[n].control != UNMASKED || row->type < WORD || !tops[n].is_invalid;
    struct gen_case *c =
        begin(writer, row, row->digit, tops[n].is_empty ? NULL : &tops[n].value, tops[n].control);
    gen_name(c, "%s-%s-%s", row->name, types[row->type], tops[n].name);
    uint64_t at = poke(c, before, sizes[row->type]);
    if (is_stored)
        gen_writes(c, at, sizes[row->type]);
    gen_emit(writer);
}

static void calculate(struct gen_writer *writer, const struct row *row, unsigned digit, unsigned n)
{
    static const uint16_t controls[VALUES] = {0xb7f, 0x27f, 0xf7f};
    struct gen_case *c = begin(writer, row, digit, &tops[n == 1 ? 1 : 0].value, controls[n]);
    gen_name(c, "%s%s-%s-%u", row->name, operations[digit], types[row->type], n);
    if ((digit & 6) == 2)
        c->x87_status = UINT16_MAX; /* a comparison */
    gen_reads(c, poke(c, in_memory[row->type][n], sizes[row->type]), sizes[row->type]);
    gen_emit(writer);
}

void gen_x87_move(struct gen_writer *writer)
{
    for (unsigned i = 0; i < COUNT(loads); i++) {
        for (unsigned n = 0; n < VALUES; n++)
            load(writer, &loads[i], n, false);
        load(writer, &loads[i], 0, true);
    }
    for (unsigned i = 0; i < COUNT(stores); i++)
        for (unsigned n = 0; n < COUNT(tops); n++)
            store(writer, &stores[i], n);
}

void gen_x87_arithmetic(struct gen_writer *writer)
{
    for (unsigned i = 0; i < COUNT(operands); i++)
        for (unsigned digit = 0; digit < COUNT(operations); digit++)
            for (unsigned n = 0; n < VALUES; n++)
                calculate(writer, &operands[i], digit, n);
}

/* FLDCW, FNSTCW, FNSTSW. */
void gen_x87_control(struct gen_writer *writer)
{
    static const struct row controls[] = {
        {"fldcw", CONTROL, 0xd9, 5}, {"fnstcw", CONTROL, 0xd9, 7}, {"fnstsw", CONTROL, 0xdd, 7}};
    static const uint16_t words[] = {0x37f, 0xc7f, 0x240};
    for (unsigned i = 0; i < COUNT(controls); i++)
        for (unsigned n = 0; n < COUNT(words); n++) {
            const bool is_load = i == 0;
            struct gen_case *c = begin(writer, &controls[i], controls[i].digit, &tops[0].value,
                                       is_load ? ORACLE_CONTROL : words[n]);
            gen_name(c, "%s-m16-%x", controls[i].name, words[n]);
            uint64_t at = gen_operand(c, is_load ? words[n] : 0, 2);
            c->x87_status = (uint16_t) ~(CONDITIONS | C1);
            if (is_load)
                gen_reads(c, at, 2);
            else
                gen_writes(c, at, 2);
            gen_emit(writer);
        }
}
