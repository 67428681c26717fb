/* SPDX-License-Identifier: MIT */
/*
 * Everything in rows_table.def that has an XMM or MMX register: moves with each register,
 * arithmetic with operands at which results change. Ids say mnemonic and opcode, and do not depend
 * on a row's place.
 */
#include <string.h>

#include "generate.h"
#include "rows_table.h"
#include "x86/disasm.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))
#define TEXT_MAX     96u
#define NOISE        UINT64_C(0x8070605040302010)
#define UPPER_80     0xffffu /* of an x87 register that was written as MMX register */

enum kind { OTHER, MOVE, INTEGER, FLOAT, MMX };

struct variant {
    const struct row *row;
    enum kind kind;
    char mnemonic[TEXT_MAX];
    unsigned memory_size;
    bool is_wide; /* REX.W */
    bool is_register;
    uint8_t reg, rm; /* the two registers; of memory rm is RBX */
    uint8_t immediate;
};

/* Where the registers of a row are, so that all of them occur. */
static unsigned spread(const struct row *row)
{
    return row->opcode * 5u + row->mandatory + row->map + row->digit;
}

static void encode(struct gen_case *c, const struct variant *variant)
{
    const struct row *row = variant->row;
    const unsigned reg = row->form == RM_DIGIT ? row->digit : variant->reg;
    const unsigned rex = (variant->is_wide ? 8u : 0) | reg >> 3 << 2 | variant->rm >> 3u;
    if (row->mandatory)
        gen_byte(c, row->mandatory);
    if (rex)
        gen_byte(c, 0x40 | rex);
    gen_byte(c, 0x0f);
    if (row->map != 0x0f)
        gen_byte(c, row->map);
    if (variant->is_register)
        gen_opcode_register(c, row->opcode, reg & 7, variant->rm & 7);
    else
        gen_opcode(c, row->opcode, reg & 7);
    if (row->immediate == IMM_BYTE)
        gen_byte(c, variant->immediate);
}

/* What the instruction is called, and what it is about, the disassembler tells. */
static void name(struct variant *variant, char *text)
{
    static struct gen_case tried;
    tried.in.code_size = 0;
    tried.in.mode = ORACLE_64;
    encode(&tried, variant);
    (void)wht_disasm(WHT_CODE_64, tried.in.code, tried.in.code_size, text, TEXT_MAX, NULL);
    wht_mnemonic_of(WHT_CODE_64, tried.in.code, tried.in.code_size, variant->mnemonic, TEXT_MAX);
}

/* SSE4A is one maker's, RCP and RSQRT are approximations, DPPS and DPPD choose among NaNs. */
static bool is_portable(const struct row *row)
{
    const bool is_approximate = (row->opcode & 0xfe) == 0x52 && row->map == 0x0f;
    const bool is_sse =
        row->feature == ANY || (row->feature >= PNI && row->feature <= SSE4_2 && row->map != 0);
    return is_sse && !is_approximate && !(row->traits & (VEX | AT_RDI | ILLEGAL | STATES));
}

static enum kind kind_of(const struct row *row, const char *text, const char *mnemonic)
{
    const bool is_move = strncmp(mnemonic, "mov", 3) == 0 && strncmp(mnemonic, "movmsk", 6) != 0;
    if (strstr(text, " mm"))
        return MMX;
    if (!strstr(text, " xmm"))
        return OTHER;
    if (is_move || strcmp(mnemonic, "lddqu") == 0)
        return MOVE;
    return row->traits & FLOATS ? FLOAT : INTEGER;
}

/* @return a row with memory or a register; of none of these kinds if it has no such register. */
static struct variant variant_of(const struct row *row, bool is_wide, bool is_register)
{
    char text[TEXT_MAX];
    struct variant variant = {.row = row, .is_wide = is_wide, .is_register = is_register};
    variant.rm = is_register ? 0 : ORACLE_RBX;
    variant.memory_size = row->memory_size == BY_REX_W ? (is_wide ? 8 : 4) : row->memory_size;
    const bool has_form = row->form == RM_REG || (row->form == RM_DIGIT && row->traits & ONLY_REG);
    if (row->map == 0 || !has_form || !is_portable(row) || row->memory_size == 0 ||
        (is_wide && row->memory_size != BY_REX_W) ||
        (row->traits & (is_register ? ONLY_MEM : ONLY_REG)))
        return variant;
    name(&variant, text);
    variant.kind = kind_of(row, text, variant.mnemonic);
    return variant;
}

static void set_registers(struct gen_case *c, const struct variant *variant, struct oracle_xmm a,
                          struct oracle_xmm b)
{
    char text[TEXT_MAX];
    const unsigned reg = variant->reg, rm = variant->rm;
    (void)wht_disasm(WHT_CODE_64, c->in.code, c->in.code_size, text, sizeof(text), NULL);
    if (variant->kind == MMX && reg < 8) {
        c->in.has_fx = true;
        c->in.fx = (struct oracle_fx){.control = ORACLE_CONTROL, .mxcsr = ORACLE_MXCSR};
        c->in.fx.st[reg] = (struct oracle_xmm){a.low, UPPER_80};
        if (variant->is_register && rm != reg)
            c->in.fx.st[rm & 7] = (struct oracle_xmm){b.low, UPPER_80};
    }
    if (strstr(text, "xmm")) {
        c->in.xmm[reg] = a;
        if (variant->is_register && rm != reg)
            c->in.xmm[rm] = b;
    }
    /* One of the two is a general register: what an XMM register is not given. */
    if (variant->is_register && (strstr(text, " e") || strstr(text, " r"))) {
        c->in.gpr[rm] = b.low;
        if (reg != rm)
            c->in.gpr[reg] = a.low ^ NOISE;
    }
}

/* With `a` in a register and `b` in the other or in memory. */
static struct gen_case *begin(struct gen_writer *writer, const struct variant *variant,
                              struct oracle_xmm a, struct oracle_xmm b)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    encode(c, variant);
    if (!variant->is_register) {
        const unsigned half = variant->memory_size < 8 ? variant->memory_size : 8;
        uint64_t at = gen_operand(c, gen_cut(b.low, half), half);
        if (variant->memory_size > 8)
            gen_poke(c, at + 8, b.high, variant->memory_size - 8);
        if (variant->row->traits & STORE)
            gen_writes(c, at, variant->memory_size);
        else
            gen_reads(c, at, variant->memory_size);
    }
    set_registers(c, variant, a, b);
    return c;
}

static void name_case(struct gen_case *c, const struct variant *variant, const char *suffix)
{
    const struct row *row = variant->row;
    const char *map = row->map == 0x38 ? "0f38" : row->map == 0x3a ? "0f3a" : "0f";
    char mandatory[3] = "", operand[16] = "register";
    if (row->mandatory)
        snprintf(mandatory, sizeof(mandatory), "%02x", row->mandatory);
    if (!variant->is_register)
        snprintf(operand, sizeof(operand), "m%u", 8 * variant->memory_size);
    gen_name(c, "%s-%s%s%02x-%s%s-%s", variant->mnemonic, mandatory, map, row->opcode, operand,
             variant->is_wide ? "-wide" : "", suffix);
}

/* Calls `make` for each row of this kind, with memory and with a register, REX.W where it counts.
 */
static void each_variant(struct gen_writer *writer, enum kind kind,
                         void (*make)(struct gen_writer *writer, struct variant *variant))
{
    for (unsigned i = 0; i < rows_table_size; i++) {
        for (unsigned n = 0; n < 4; n++) {
            struct variant variant = variant_of(&rows_table[i], n & 1, n >> 1);
            if (variant.kind == kind)
                make(writer, &variant);
        }
    }
}

static const struct oracle_xmm moved[2] = {
    {UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c1b1a1918)},
    {UINT64_C(0xa7a6a5a4a3a2a1a0), UINT64_C(0xafaeadacabaaa9a8)}};

static void move(struct gen_writer *writer, struct variant *variant)
{
    for (unsigned i = 0; i < 16; i += variant->is_register ? 5 : 1) {
        char suffix[16];
        variant->reg = (uint8_t)i;
        if (variant->is_register)
            variant->rm = (uint8_t)((i + 5) % 16);
        snprintf(suffix, sizeof(suffix), "xmm%u", i);
        name_case(begin(writer, variant, moved[0], moved[1]), variant, suffix);
        gen_emit(writer);
    }
}

void gen_sse_move(struct gen_writer *writer)
{
    each_variant(writer, MOVE, move);
}

/* Elements of each width at and around their ends, a small count, and some of either. */
static const struct {
    const char *name;
    struct oracle_xmm a, b;
} integers[] = {{"ends",
                 {UINT64_C(0x807f00ff01fe8081), UINT64_C(0x7fffffff80000000)},
                 {UINT64_C(0x7f8001ff00fe7f80), UINT64_C(0x8000000180000000)}},
                {"three", {UINT64_C(0x123456789abcdef0), UINT64_C(0xfedcba9876543210)}, {3, 0}},
                {"mixed",
                 {UINT64_C(0x0080ff7f8000ffff), UINT64_C(0x0123456789abcdef)},
                 {UINT64_C(0x0f0183058207ff09), UINT64_C(0x0123456789abcdef)}}};

static const uint8_t immediates[] = {0x1b, 0x4e, 0x0d};

static void choose_registers(struct variant *variant, unsigned n, unsigned registers)
{
    variant->reg = (uint8_t)((spread(variant->row) + n) % registers);
    if (variant->is_register)
        variant->rm = (uint8_t)((variant->reg + 3 + 2 * n) % registers);
}

static void compute(struct gen_writer *writer, struct variant *variant)
{
    for (unsigned n = variant->is_register ? 2 : 0; n < (variant->is_register ? 3u : 2u); n++) {
        choose_registers(variant, n, variant->kind == MMX ? 8 : 16);
        variant->immediate = immediates[n];
        name_case(begin(writer, variant, integers[n].a, integers[n].b), variant, integers[n].name);
        gen_emit(writer);
    }
}

void gen_vector(struct gen_writer *writer)
{
    each_variant(writer, INTEGER, compute);
}

void gen_mmx(struct gen_writer *writer)
{
    each_variant(writer, MMX, compute);
}

/*
 * Singles, then doubles: what rounds, NaNs and infinities and what is denormal, ends of the range,
 * and a signaling NaN that is not masked.
 */
static const struct {
    const char *name;
    uint32_t mxcsr;
    struct oracle_xmm a, b;
} floats[] = {
    {"singles-up",
     0x5f80,
     {UINT64_C(0x40490fdb3f800000), UINT64_C(0x4b000001c2f6e979)},
     {UINT64_C(0x402000003eaaaaab), UINT64_C(0x33800000bf000001)}},
    {"singles-special",
     0x1f80,
     {UINT64_C(0x000000017f800000), UINT64_C(0x800000007fc12345)},
     {UINT64_C(0x00800000ff800000), UINT64_C(0x000000007f800001)}},
    {"singles-ends-flushed",
     0x9fc0,
     {UINT64_C(0x008000017f7fffff), UINT64_C(0x4effffff00000005)},
     {UINT64_C(0x008000007f7fffff), UINT64_C(0x4f0000003f000000)}},
    {"singles-invalid-unmasked",
     0x1f00,
     {UINT64_C(0x400000003f800000), UINT64_C(0x4100000040800000)},
     {UINT64_C(0x3f8000007f812345), UINT64_C(0x400000003f800000)}},
    {"doubles-down",
     0x3f80,
     {UINT64_C(0x3ff0000000000000), UINT64_C(0xc00921fb54442d18)},
     {UINT64_C(0x3fd5555555555555), UINT64_C(0x4330000000000001)}},
    {"doubles-special",
     0x1f80,
     {UINT64_C(0x7ff0000000000000), UINT64_C(0x7ff8123456789abc)},
     {UINT64_C(0xfff0000000000000), UINT64_C(0x7ff0000000000001)}},
    {"doubles-ends-flushed",
     0x9fc0,
     {UINT64_C(0x0010000000000001), UINT64_C(0x7fefffffffffffff)},
     {UINT64_C(0x0010000000000000), UINT64_C(0x41dfffffffe00000)}},
    {"doubles-invalid-unmasked",
     0x1f00,
     {UINT64_C(0x3ff0000000000000), UINT64_C(0x4000000000000000)},
     {UINT64_C(0x7ff4000000000000), UINT64_C(0x3ff0000000000000)}},
};

/* Of DPPS and DPPD makers choose other NaNs among several. */
static bool is_dot_product(const struct row *row)
{
    return row->map == 0x3a && (row->opcode & 0xfe) == 0x40;
}

static void calculate(struct gen_writer *writer, struct variant *variant)
{
    for (unsigned n = 0; n < COUNT(floats); n++) {
        /* Every other one between registers. */
        if (((variant->row->traits & ONLY_MEM) == 0 && n % 2 != variant->is_register) ||
            (is_dot_product(variant->row) && n % 4 != 0))
            continue;
        choose_registers(variant, n, 16);
        variant->immediate = is_dot_product(variant->row) ? 0xf1 : (uint8_t)n;
        struct gen_case *c = begin(writer, variant, floats[n].a, floats[n].b);
        name_case(c, variant, floats[n].name);
        c->in.has_fx = true;
        c->in.fx = (struct oracle_fx){.control = ORACLE_CONTROL, .mxcsr = floats[n].mxcsr};
        gen_emit(writer);
    }
}

void gen_float(struct gen_writer *writer)
{
    each_variant(writer, FLOAT, calculate);
}
