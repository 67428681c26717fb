/* SPDX-License-Identifier: MIT */
/* POPCNT, LZCNT, TZCNT, CRC32, ADCX, ADOX, BMI1, BMI2. */
#include "generate.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))
#define NOISE        UINT64_C(0x1122334455667788)
#define MEMORY_RBX   3u /* ModRM */
#define BYTE         1u
#define WIDE         12u /* 4 and 8 */
#define ALL          14u

/* Widths are a mask of the sizes in bytes. */
struct row {
    const char *name;
    uint8_t mandatory;
    uint16_t opcode; /* with 38h or 3ah above it, behind 0fh */
    uint8_t widths;
    uint64_t undefined;
};

struct vex_row {
    const char *name;
    uint8_t pp, map, opcode;
    uint8_t reg; /* the opcode's extension, or a register */
    bool has_immediate;
    uint64_t undefined;
};

static const struct row rows[] = {
    {"popcnt", 0xf3, 0xb8, ALL, 0},
    {"tzcnt", 0xf3, 0xbc, ALL, GEN_OF | GEN_SF | GEN_AF | GEN_PF},
    {"lzcnt", 0xf3, 0xbd, ALL, GEN_OF | GEN_SF | GEN_AF | GEN_PF},
    {"crc32", 0xf2, 0x38f0, BYTE, 0},
    {"crc32", 0xf2, 0x38f1, ALL, 0},
    {"adcx", 0x66, 0x38f6, WIDE, 0},
    {"adox", 0xf3, 0x38f6, WIDE, 0},
};

static const struct vex_row vex_rows[] = {
    {"andn", 0, 2, 0xf2, ORACLE_RDI, false, GEN_AF | GEN_PF},
    {"bextr", 0, 2, 0xf7, ORACLE_RDI, false, GEN_AF | GEN_SF | GEN_PF},
    {"blsr", 0, 2, 0xf3, 1, false, GEN_AF | GEN_PF},
    {"blsmsk", 0, 2, 0xf3, 2, false, GEN_AF | GEN_PF},
    {"blsi", 0, 2, 0xf3, 3, false, GEN_AF | GEN_PF},
    {"bzhi", 0, 2, 0xf5, ORACLE_RDI, false, GEN_AF | GEN_PF},
    {"pext", 2, 2, 0xf5, ORACLE_RDI, false, 0},
    {"pdep", 3, 2, 0xf5, ORACLE_RDI, false, 0},
    {"mulx", 3, 2, 0xf6, ORACLE_RDI, false, 0},
    {"shlx", 1, 2, 0xf7, ORACLE_RDI, false, 0},
    {"sarx", 2, 2, 0xf7, ORACLE_RDI, false, 0},
    {"shrx", 3, 2, 0xf7, ORACLE_RDI, false, 0},
    {"rorx", 3, 3, 0xf0, ORACLE_RDI, true, 0},
};

/* Of memory, and of a register that is a count, a mask or the other operand. */
static const struct {
    uint64_t memory, other;
} operands[] = {
    {0, UINT64_MAX},
    {UINT64_C(0x8000000180010080), 0x0c04},
    {UINT64_MAX, UINT64_C(0x8000000080000001)},
    {UINT64_C(0x0123456789abcdef), UINT64_C(0xf0f0a5a50f3c1122)},
};

static void finish(struct gen_writer *writer, unsigned size, uint64_t memory, unsigned n)
{
    struct gen_case *c = &writer->made;
    c->in.rflags = n % 2 ? GEN_STATUS : 0;
    gen_reads(c, gen_operand(c, gen_cut(memory, size), size), size);
    gen_emit(writer);
}

static void legacy(struct gen_writer *writer, const struct row *row, unsigned size, bool is_wide,
                   unsigned n)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-r%u-m%u-%u", row->name, is_wide ? 64 : size == 1 ? 32 : 8 * size, 8 * size, n);
    if (size == 2)
        gen_byte(c, 0x66);
    gen_byte(c, row->mandatory);
    if (is_wide)
        gen_byte(c, 0x48);
    gen_byte(c, 0x0f);
    gen_opcode(c, row->opcode, ORACLE_RDX);
    c->in.gpr[ORACLE_RDX] = operands[n].other ^ (size < 8 ? NOISE << 32 : 0);
    c->undefined = row->undefined;
    finish(writer, size, operands[n].memory, n);
}

/* Three bytes of VEX: RSI is the operand in vvvv, RDX the implicit one of MULX. */
static void vex(struct gen_writer *writer, const struct vex_row *row, bool is_wide, unsigned n)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    const unsigned vvvv = row->has_immediate ? 0 : ORACLE_RSI;
    gen_name(c, "%s-r%u-m%u-%u", row->name, is_wide ? 64 : 32, is_wide ? 64 : 32, n);
    gen_byte(c, 0xc4);
    gen_byte(c, 0xe0u | row->map);
    gen_byte(c, (is_wide ? 0x80u : 0) | (~vvvv & 15) << 3 | row->pp);
    gen_byte(c, row->opcode);
    gen_byte(c, (unsigned)row->reg << 3 | MEMORY_RBX);
    if (row->has_immediate)
        gen_byte(c, 0x25 + n);
    c->in.gpr[ORACLE_RDI] = NOISE;
    c->in.gpr[ORACLE_RSI] = operands[n].other;
    c->in.gpr[ORACLE_RDX] = operands[n].other;
    c->undefined = row->undefined;
    finish(writer, is_wide ? 8 : 4, operands[n].memory, n);
}

void gen_bmi(struct gen_writer *writer)
{
    for (unsigned i = 0; i < COUNT(rows); i++)
        for (unsigned size = 1; size <= 8; size *= 2)
            for (unsigned n = 0; n < COUNT(operands) && (rows[i].widths & size); n++) {
                legacy(writer, &rows[i], size, size == 8, n);
                if (size == 1)
                    legacy(writer, &rows[i], size, true, n);
            }
    for (unsigned i = 0; i < COUNT(vex_rows); i++)
        for (unsigned is_wide = 0; is_wide < 2; is_wide++)
            for (unsigned n = 0; n < COUNT(operands); n++)
                vex(writer, &vex_rows[i], is_wide, n);
}
