/* SPDX-License-Identifier: MIT */
/* An encoder of its own, because prefixes that mean nothing are part of what is tested. */
#include <string.h>

#include "rows.h"

enum form {
    RM_REG,   /* ModRM: memory or register, and a register */
    RM_DIGIT, /* ModRM: memory or register, and an opcode extension */
    RM_SREG,  /* ModRM: memory or register, and a segment register */
    TO_SREG,  /* ModRM: a segment register is loaded */
    MOFFS,    /* an absolute address and the accumulator */
    REG_IMM,  /* a register in the opcode, and an immediate */
    ACC_IMM,  /* the accumulator and an immediate */
    STRING,
    XLAT_FORM, /* rBX + AL */
    STACK      /* RM_DIGIT that also uses the stack */
};

enum immediate { IMM_NONE, IMM_BYTE, IMM_OPERAND };

/* What a family leaves undefined. */
enum undefined {
    ALL_DEFINED,
    AF_UNDEFINED,
    SHIFT_UNDEFINED, /* by count */
    ROTATE_UNDEFINED,
    DOUBLE_UNDEFINED,
    MUL_UNDEFINED,
    DIV_UNDEFINED,
    BIT_UNDEFINED,
    SCAN_UNDEFINED
};

/* Sizes of operands: bytes, or: */
#define BY_OPERAND_SIZE 0u
#define BY_MODRM_SREG   9u  /* 2 in memory, the operand size in a register */
#define BY_PAIR         10u /* CMPXCHG8B, CMPXCHG16B */
#define BY_STACK        11u /* as PUSH: never 4 in 64-bit code */

#define ONLY64   1u
#define ONLY_MEM 2u /* no register form */
#define NO_66    4u /* 66h makes it another instruction, or none */
#define BITS     8u /* the register is an offset in bits */

struct row {
    uint8_t prefix; /* 0x0f, 0x38 for 0f 38, or 0 */
    uint8_t opcode;
    enum form form;
    uint8_t memory_size; /* of the memory operand */
    bool is_store;       /* of the memory operand; of the destination for strings */
    uint8_t traits;
    uint8_t digit;
    enum immediate immediate;
    enum undefined undefined;
};

/* The eight operations of group 1, in the forms that the opcode map gives them. */
#define GROUP1(n, undefined)                                                                       \
    {0, 8 * n + 0, RM_REG, 1, n != 7, 0, 0, IMM_NONE, undefined},                                  \
        {0, 8 * n + 1, RM_REG, BY_OPERAND_SIZE, n != 7, 0, 0, IMM_NONE, undefined},                \
        {0, 8 * n + 2, RM_REG, 1, false, 0, 0, IMM_NONE, undefined},                               \
        {0, 8 * n + 3, RM_REG, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, undefined},                 \
        {0, 8 * n + 4, ACC_IMM, 1, false, 0, 0, IMM_OPERAND, undefined},                           \
        {0, 8 * n + 5, ACC_IMM, BY_OPERAND_SIZE, false, 0, 0, IMM_OPERAND, undefined},             \
        {0, 0x80, RM_DIGIT, 1, n != 7, 0, n, IMM_OPERAND, undefined},                              \
        {0, 0x81, RM_DIGIT, BY_OPERAND_SIZE, n != 7, 0, n, IMM_OPERAND, undefined},                \
    {                                                                                              \
        0, 0x83, RM_DIGIT, BY_OPERAND_SIZE, n != 7, 0, n, IMM_BYTE, undefined                      \
    }

/* The shifts and rotates of group 2: by 1, CL and immediate. */
#define GROUP2(n, undefined)                                                                       \
    {0, 0xc0, RM_DIGIT, 1, true, 0, n, IMM_BYTE, undefined},                                       \
        {0, 0xc1, RM_DIGIT, BY_OPERAND_SIZE, true, 0, n, IMM_BYTE, undefined},                     \
        {0, 0xd0, RM_DIGIT, 1, true, 0, n, IMM_NONE, undefined},                                   \
        {0, 0xd1, RM_DIGIT, BY_OPERAND_SIZE, true, 0, n, IMM_NONE, undefined},                     \
        {0, 0xd2, RM_DIGIT, 1, true, 0, n, IMM_NONE, undefined},                                   \
    {                                                                                              \
        0, 0xd3, RM_DIGIT, BY_OPERAND_SIZE, true, 0, n, IMM_NONE, undefined                        \
    }

#define CONDITION(n)                                                                               \
    {0x0f, 0x90 + n, RM_REG, 1, true, 0, 0, IMM_NONE, ALL_DEFINED},                                \
    {                                                                                              \
        0x0f, 0x40 + n, RM_REG, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, ALL_DEFINED                \
    }

static const struct row rows[] = {
    {0, 0x88, RM_REG, 1, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0x89, RM_REG, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0x8a, RM_REG, 1, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0x8b, RM_REG, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0x8c, RM_SREG, BY_MODRM_SREG, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0x8e, TO_SREG, 2, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xc6, RM_DIGIT, 1, true, 0, 0, IMM_OPERAND, ALL_DEFINED},
    {0, 0xc7, RM_DIGIT, BY_OPERAND_SIZE, true, 0, 0, IMM_OPERAND, ALL_DEFINED},
    {0, 0xa0, MOFFS, 1, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xa1, MOFFS, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xa2, MOFFS, 1, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xa3, MOFFS, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xb0, REG_IMM, 1, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xb8, REG_IMM, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xb6, RM_REG, 1, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xb7, RM_REG, 2, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xbe, RM_REG, 1, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xbf, RM_REG, 2, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0x63, RM_REG, 4, false, ONLY64, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xa4, STRING, 1, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xa5, STRING, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xaa, STRING, 1, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xab, STRING, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xac, STRING, 1, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xad, STRING, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xa6, STRING, 1, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xa7, STRING, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xae, STRING, 1, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xaf, STRING, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xd7, XLAT_FORM, 1, false, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xc3, RM_REG, BY_OPERAND_SIZE, true, ONLY_MEM | NO_66, 0, IMM_NONE, ALL_DEFINED},
    {0x38, 0xf0, RM_REG, BY_OPERAND_SIZE, false, ONLY_MEM, 0, IMM_NONE, ALL_DEFINED},
    {0x38, 0xf1, RM_REG, BY_OPERAND_SIZE, true, ONLY_MEM, 0, IMM_NONE, ALL_DEFINED},
    GROUP1(0, ALL_DEFINED),
    GROUP1(1, AF_UNDEFINED),
    GROUP1(2, ALL_DEFINED),
    GROUP1(3, ALL_DEFINED),
    GROUP1(4, AF_UNDEFINED),
    GROUP1(5, ALL_DEFINED),
    GROUP1(6, AF_UNDEFINED),
    GROUP1(7, ALL_DEFINED),
    {0, 0x84, RM_REG, 1, false, 0, 0, IMM_NONE, AF_UNDEFINED},
    {0, 0x85, RM_REG, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, AF_UNDEFINED},
    {0, 0xa8, ACC_IMM, 1, false, 0, 0, IMM_OPERAND, AF_UNDEFINED},
    {0, 0xa9, ACC_IMM, BY_OPERAND_SIZE, false, 0, 0, IMM_OPERAND, AF_UNDEFINED},
    {0, 0xf6, RM_DIGIT, 1, false, 0, 0, IMM_OPERAND, AF_UNDEFINED},
    {0, 0xf7, RM_DIGIT, BY_OPERAND_SIZE, false, 0, 0, IMM_OPERAND, AF_UNDEFINED},
    {0, 0xf6, RM_DIGIT, 1, true, 0, 2, IMM_NONE, ALL_DEFINED},
    {0, 0xf7, RM_DIGIT, BY_OPERAND_SIZE, true, 0, 2, IMM_NONE, ALL_DEFINED},
    {0, 0xf6, RM_DIGIT, 1, true, 0, 3, IMM_NONE, ALL_DEFINED},
    {0, 0xf7, RM_DIGIT, BY_OPERAND_SIZE, true, 0, 3, IMM_NONE, ALL_DEFINED},
    {0, 0xfe, RM_DIGIT, 1, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xff, RM_DIGIT, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0xfe, RM_DIGIT, 1, true, 0, 1, IMM_NONE, ALL_DEFINED},
    {0, 0xff, RM_DIGIT, BY_OPERAND_SIZE, true, 0, 1, IMM_NONE, ALL_DEFINED},
    {0, 0xf6, RM_DIGIT, 1, false, 0, 4, IMM_NONE, MUL_UNDEFINED},
    {0, 0xf7, RM_DIGIT, BY_OPERAND_SIZE, false, 0, 4, IMM_NONE, MUL_UNDEFINED},
    {0, 0xf6, RM_DIGIT, 1, false, 0, 5, IMM_NONE, MUL_UNDEFINED},
    {0, 0xf7, RM_DIGIT, BY_OPERAND_SIZE, false, 0, 5, IMM_NONE, MUL_UNDEFINED},
    {0x0f, 0xaf, RM_REG, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, MUL_UNDEFINED},
    {0, 0x69, RM_REG, BY_OPERAND_SIZE, false, 0, 0, IMM_OPERAND, MUL_UNDEFINED},
    {0, 0x6b, RM_REG, BY_OPERAND_SIZE, false, 0, 0, IMM_BYTE, MUL_UNDEFINED},
    {0, 0xf6, RM_DIGIT, 1, false, 0, 6, IMM_NONE, DIV_UNDEFINED},
    {0, 0xf7, RM_DIGIT, BY_OPERAND_SIZE, false, 0, 6, IMM_NONE, DIV_UNDEFINED},
    {0, 0xf6, RM_DIGIT, 1, false, 0, 7, IMM_NONE, DIV_UNDEFINED},
    {0, 0xf7, RM_DIGIT, BY_OPERAND_SIZE, false, 0, 7, IMM_NONE, DIV_UNDEFINED},
    GROUP2(0, ROTATE_UNDEFINED),
    GROUP2(1, ROTATE_UNDEFINED),
    GROUP2(2, ROTATE_UNDEFINED),
    GROUP2(3, ROTATE_UNDEFINED),
    GROUP2(4, SHIFT_UNDEFINED),
    GROUP2(5, SHIFT_UNDEFINED),
    GROUP2(7, SHIFT_UNDEFINED),
    {0x0f, 0xa4, RM_REG, BY_OPERAND_SIZE, true, 0, 0, IMM_BYTE, DOUBLE_UNDEFINED},
    {0x0f, 0xa5, RM_REG, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, DOUBLE_UNDEFINED},
    {0x0f, 0xac, RM_REG, BY_OPERAND_SIZE, true, 0, 0, IMM_BYTE, DOUBLE_UNDEFINED},
    {0x0f, 0xad, RM_REG, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, DOUBLE_UNDEFINED},
    {0x0f, 0xa3, RM_REG, BY_OPERAND_SIZE, false, BITS, 0, IMM_NONE, BIT_UNDEFINED},
    {0x0f, 0xab, RM_REG, BY_OPERAND_SIZE, true, BITS, 0, IMM_NONE, BIT_UNDEFINED},
    {0x0f, 0xb3, RM_REG, BY_OPERAND_SIZE, true, BITS, 0, IMM_NONE, BIT_UNDEFINED},
    {0x0f, 0xbb, RM_REG, BY_OPERAND_SIZE, true, BITS, 0, IMM_NONE, BIT_UNDEFINED},
    {0x0f, 0xba, RM_DIGIT, BY_OPERAND_SIZE, false, 0, 4, IMM_BYTE, BIT_UNDEFINED},
    {0x0f, 0xba, RM_DIGIT, BY_OPERAND_SIZE, true, 0, 5, IMM_BYTE, BIT_UNDEFINED},
    {0x0f, 0xba, RM_DIGIT, BY_OPERAND_SIZE, true, 0, 6, IMM_BYTE, BIT_UNDEFINED},
    {0x0f, 0xba, RM_DIGIT, BY_OPERAND_SIZE, true, 0, 7, IMM_BYTE, BIT_UNDEFINED},
    {0x0f, 0xbc, RM_REG, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, SCAN_UNDEFINED},
    {0x0f, 0xbd, RM_REG, BY_OPERAND_SIZE, false, 0, 0, IMM_NONE, SCAN_UNDEFINED},
    {0, 0x86, RM_REG, 1, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0, 0x87, RM_REG, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xc0, RM_REG, 1, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xc1, RM_REG, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xb0, RM_REG, 1, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xb1, RM_REG, BY_OPERAND_SIZE, true, 0, 0, IMM_NONE, ALL_DEFINED},
    {0x0f, 0xc7, RM_DIGIT, BY_PAIR, true, ONLY_MEM, 1, IMM_NONE, ALL_DEFINED},
    {0, 0xff, STACK, BY_STACK, false, 0, 6, IMM_NONE, ALL_DEFINED},
    {0, 0x8f, STACK, BY_STACK, true, 0, 0, IMM_NONE, ALL_DEFINED},
    CONDITION(0),
    CONDITION(1),
    CONDITION(2),
    CONDITION(3),
    CONDITION(4),
    CONDITION(5),
    CONDITION(6),
    CONDITION(7),
    CONDITION(8),
    CONDITION(9),
    CONDITION(10),
    CONDITION(11),
    CONDITION(12),
    CONDITION(13),
    CONDITION(14),
    CONDITION(15),
};

struct maker {
    const struct rows_world *world;
    struct rows_random random;
    struct rows_case *made;
    struct oracle_in *in;
    const struct row *row;
    uint8_t rex;      /* 0: none */
    unsigned address; /* bytes: 2, 4, 8 */
    unsigned size;    /* bytes of the memory operand */
    int override;     /* enum oracle_sreg, or -1 */
    bool has_rep;
    bool has_lock;
    unsigned rip_fixup; /* where a displacement from the next instruction stands, or 0 */
    bool has_memory;
    uint64_t linear; /* of the memory operand */
};

static void emit(struct maker *m, unsigned byte)
{
    if (m->in->code_size < ORACLE_CODE_MAX)
        m->in->code[m->in->code_size] = (uint8_t)byte;
    m->in->code_size++;
}

static void emit_value(struct maker *m, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        emit(m, (unsigned)(value >> 8 * i) & 0xff);
}

static uint64_t mask_of(unsigned bytes)
{
    return bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * bytes) - 1;
}

static uint64_t sign_extended(uint64_t value, unsigned bytes)
{
    uint64_t sign = UINT64_C(1) << (8 * bytes - 1);
    return ((value & mask_of(bytes)) ^ sign) - sign;
}

/* Writes the part of a register that addresses use; the rest is noise that must not matter. */
static void set_address_register(struct maker *m, unsigned reg, uint64_t value)
{
    uint64_t mask = mask_of(m->address);
    m->in->gpr[reg] = (m->in->gpr[reg] & ~mask) | (value & mask);
}

/* F2 and F3 make other instructions of these. */
static bool may_have_rep(const struct row *row)
{
    return row->undefined != SCAN_UNDEFINED && row->prefix != 0x38 && row->memory_size != BY_PAIR &&
           !(row->prefix == 0x0f && row->opcode == 0xc3);
}

/* Chooses prefixes and what follows from them: address size, operand size, override. */
static void make_prefixes(struct maker *m)
{
    static const uint8_t overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    uint8_t prefixes[7];
    unsigned count = 0;
    bool is64 = m->in->mode == ORACLE_64;
    bool has66 = rows_once_in(&m->random, 4) && !(m->row->traits & NO_66);
    bool has67 = rows_once_in(&m->random, 4);
    m->has_rep = rows_once_in(&m->random, m->row->form == STRING ? 2 : 30) && may_have_rep(m->row);
    m->has_lock = rows_once_in(&m->random, m->row->is_store ? 20 : 100);
    m->override = rows_once_in(&m->random, 3) ? (int)rows_below(&m->random, ORACLE_SREGS) : -1;
    if (m->row->form == TO_SREG && m->override == ORACLE_CS)
        m->override = -1; /* no selectors are there */
    if (has66)
        prefixes[count++] = 0x66;
    if (has67)
        prefixes[count++] = 0x67;
    if (m->has_rep)
        prefixes[count++] = rows_once_in(&m->random, 3) ? 0xf2 : 0xf3;
    if (m->has_lock)
        prefixes[count++] = 0xf0;
    if (m->override >= 0)
        prefixes[count++] = overrides[m->override];
    if (is64 && rows_once_in(&m->random, 20)) /* one that is ignored, before or after another */
        prefixes[count++] = overrides[rows_below(&m->random, ORACLE_FS)];
    for (unsigned i = count; i > 0; i--) { /* in any order */
        unsigned chosen = rows_below(&m->random, i);
        emit(m, prefixes[chosen]);
        prefixes[chosen] = prefixes[i - 1];
    }
    if (is64 && rows_once_in(&m->random, 2))
        m->rex = (uint8_t)(0x40 | rows_below(&m->random, 16));
    if (m->rex)
        emit(m, m->rex);
    bool is16 = m->in->mode == ORACLE_16;
    m->address = is64 ? (has67 ? 4 : 8) : is16 != has67 ? 2 : 4;
    m->size = m->rex & 8 ? 8 : is16 != has66 ? 2 : 4;
}

/* In 64-bit mode only FS and GS have a base. One that 32-bit addresses can still reach from. */
static void make_segment_base(struct maker *m)
{
    static const uint64_t bases[] = {0, ORACLE_ARENA, ORACLE_ARENA - 0x1234, 0x123456789001,
                                     0x7ffffffff000};
    if (m->in->mode != ORACLE_64)
        return;
    unsigned choices = m->address == 4 || m->row->form == MOFFS ? 3 : 5;
    m->in->segment[ORACLE_FS].base = bases[rows_below(&m->random, choices)];
    m->in->segment[ORACLE_GS].base = bases[rows_below(&m->random, choices)];
}

static uint64_t base_of(const struct maker *m, enum oracle_sreg segment)
{
    if (m->in->mode == ORACLE_64 && segment < ORACLE_FS)
        return 0;
    if (segment == ORACLE_CS)
        return m->in->mode == ORACLE_16 ? ORACLE_CODE16 : 0;
    return m->in->segment[segment].kind == ORACLE_FLAT && m->in->mode != ORACLE_64
               ? 0
               : m->in->segment[segment].base;
}

/* Now and then an address that is not canonical, or just about. */
static uint64_t pick_linear(struct maker *m)
{
    if (m->in->mode == ORACLE_64 && m->address == 8 && rows_once_in(&m->random, 60))
        return (UINT64_C(1) << 47) - m->size + 1 + rows_below(&m->random, 3 * ORACLE_PAGE);
    uint64_t linear = rows_target(&m->random, m->size);
    if (m->row->form == TO_SREG && rows_is_accessible(linear, false))
        return rows_selector_target(&m->random);
    return linear;
}

/* @return the offset that leads to a linear address, chosen here, through a segment. */
static uint64_t pick_offset(struct maker *m, enum oracle_sreg default_segment)
{
    enum oracle_sreg segment = m->override >= 0 ? (enum oracle_sreg)m->override : default_segment;
    uint64_t linear = pick_linear(m);
    uint64_t offset = (linear - base_of(m, segment)) & mask_of(m->address);
    m->has_memory = true;
    m->linear = base_of(m, segment) + offset;
    if (m->in->mode != ORACLE_64)
        m->linear &= UINT32_MAX;
    return offset;
}

static void make_modrm16(struct maker *m, unsigned reg)
{
    static const struct {
        uint8_t base, index; /* 0: none; no form uses AX */
    } forms[8] = {{3, 6}, {3, 7}, {5, 6}, {5, 7}, {6, 0}, {7, 0}, {5, 0}, {3, 0}};
    unsigned mod = rows_below(&m->random, 3), rm = rows_below(&m->random, 8);
    bool is_absolute = mod == 0 && rm == 6;
    bool is_stack = forms[rm].base == 5 && !is_absolute;
    uint64_t offset = pick_offset(m, is_stack ? ORACLE_SS : ORACLE_DS);
    unsigned disp_size = is_absolute ? 2 : mod;
    uint64_t disp = is_absolute ? offset : disp_size == 0 ? 0 : rows_next(&m->random);
    emit(m, mod << 6 | reg << 3 | rm);
    emit_value(m, disp, disp_size);
    if (is_absolute)
        return;
    if (disp_size > 0)
        disp = sign_extended(disp, disp_size);
    uint64_t index = forms[rm].index ? m->in->gpr[forms[rm].index] : 0;
    set_address_register(m, forms[rm].base, offset - disp - index);
}

/* What a ModRM byte with SIB says, with the extension bits of REX. */
struct sib {
    int base;  /* -1: none */
    int index; /* -1: none */
    unsigned scale;
    unsigned mod;
};

static struct sib pick_sib(struct maker *m)
{
    struct sib sib = {.mod = rows_below(&m->random, 3), .scale = rows_below(&m->random, 4)};
    sib.base = (int)(rows_below(&m->random, 8) | (m->rex & 1u) << 3);
    sib.index = (int)(rows_below(&m->random, 8) | (m->rex & 2u) << 2);
    if (sib.index == 4)
        sib.index = -1;
    if (sib.mod == 0 && (sib.base & 7) == 5)
        sib.base = -1;
    return sib;
}

static bool is_encodable(const struct maker *m, uint64_t disp)
{
    return m->address == 4 || sign_extended(disp, 4) == disp;
}

/* Gives values to the registers of an address. @return the displacement. */
static uint64_t solve(struct maker *m, const struct sib *sib, unsigned disp_size, uint64_t offset)
{
    uint64_t disp = disp_size == 0 ? 0 : sign_extended(rows_next(&m->random), disp_size);
    if (sib->base >= 0 && sib->base != sib->index) {
        uint64_t index = sib->index < 0 ? 0 : m->in->gpr[sib->index] << sib->scale;
        set_address_register(m, (unsigned)sib->base, offset - disp - index);
        return disp;
    }
    uint64_t factor = sib->index < 0 ? 0 : UINT64_C(1) << sib->scale;
    uint64_t value = rows_below(&m->random, 0x10000);
    if (sib->base >= 0)
        factor++;
    if (sib->index >= 0)
        set_address_register(m, (unsigned)sib->index, value);
    return (offset - value * factor) & mask_of(m->address); /* there are four bytes for it */
}

static void make_sib(struct maker *m, unsigned reg)
{
    struct sib sib = pick_sib(m);
    /* A register twice only with room for a displacement that makes up for the rest. */
    if (sib.base >= 0 && sib.base == sib.index)
        sib.mod = 2;
    bool is_stack = sib.base == 4 || sib.base == 5;
    unsigned disp_size = sib.mod == 1 ? 1 : sib.mod == 2 || sib.base < 0 ? 4 : 0;
    uint64_t offset = pick_offset(m, is_stack ? ORACLE_SS : ORACLE_DS);
    uint64_t disp = solve(m, &sib, disp_size, offset);
    if (disp_size == 4 && !is_encodable(m, disp))
        m->in->code_size = ORACLE_CODE_MAX + 1; /* cannot be said: another one, please */
    emit(m, sib.mod << 6 | reg << 3 | 4);
    unsigned base = sib.base < 0 ? 5 : (unsigned)sib.base & 7;
    unsigned index = sib.index < 0 ? 4 : (unsigned)sib.index & 7;
    emit(m, sib.scale << 6 | index << 3 | base);
    emit_value(m, disp, disp_size);
}

static void make_absolute(struct maker *m, unsigned reg)
{
    uint64_t offset = pick_offset(m, ORACLE_DS);
    emit(m, reg << 3 | 5);
    if (m->in->mode == ORACLE_64) {
        m->rip_fixup = m->in->code_size;
        if (!is_encodable(m, offset - ORACLE_RIP))
            m->in->code_size = ORACLE_CODE_MAX + 1;
    }
    emit_value(m, offset, 4);
}

static void set_selector(struct maker *m, unsigned reg)
{
    uint16_t selector = m->world->selector[rows_below(&m->random, ROWS_SELECTORS)];
    m->in->gpr[reg] = (m->in->gpr[reg] & ~UINT64_C(0xffff)) | selector;
}

static void make_modrm(struct maker *m, unsigned reg)
{
    unsigned rm = rows_below(&m->random, 8);
    bool wants_register = rows_once_in(&m->random, m->row->form == TO_SREG ? 2 : 10);
    if (wants_register && !(m->row->traits & ONLY_MEM)) {
        emit(m, 0xc0 | reg << 3 | rm);
        if (m->row->form == TO_SREG)
            set_selector(m, rm | (m->rex & 1u) << 3);
        return;
    }
    if (m->address == 2) {
        make_modrm16(m, reg);
        return;
    }
    unsigned mod = rows_below(&m->random, 3);
    if (rm == 4) {
        make_sib(m, reg);
        return;
    }
    if (mod == 0 && rm == 5) {
        make_absolute(m, reg);
        return;
    }
    struct sib plain = {.base = (int)(rm | (m->rex & 1u) << 3), .index = -1};
    unsigned disp_size = mod == 2 ? 4 : mod;
    uint64_t offset = pick_offset(m, plain.base == 5 ? ORACLE_SS : ORACLE_DS);
    uint64_t disp = solve(m, &plain, disp_size, offset);
    emit(m, mod << 6 | reg << 3 | rm);
    emit_value(m, disp, disp_size);
}

static void make_string(struct maker *m)
{
    unsigned family = m->row->opcode & 0xfe;
    bool has_source = family != 0xaa && family != 0xae;
    bool has_destination = family != 0xac;
    int override = m->override;
    if (has_destination) {
        m->override = -1; /* ES:rDI, always */
        set_address_register(m, ORACLE_RDI, pick_offset(m, ORACLE_ES));
        m->override = override;
    }
    uint64_t destination = m->linear;
    if (has_source) {
        set_address_register(m, ORACLE_RSI, pick_offset(m, ORACLE_DS));
        if (has_destination && rows_once_in(&m->random, 2))
            m->linear = destination; /* either may have caused the exit */
    }
    if (!m->has_rep)
        return;
    static const uint32_t counts[] = {0, 1, 2, 3, 7, 16, 100, 600, 5000};
    uint64_t count = counts[rows_below(&m->random, sizeof(counts) / sizeof(counts[0]))];
    if (rows_once_in(&m->random, 20))
        count = UINT64_MAX; /* until a page is missing */
    if (m->world->habits.clears_upper && m->in->mode == ORACLE_64 && m->address == 4) {
        m->in->gpr[ORACLE_RCX] = 0;
        m->in->gpr[ORACLE_RSI] &= UINT32_MAX;
        m->in->gpr[ORACLE_RDI] &= UINT32_MAX;
    }
    set_address_register(m, ORACLE_RCX, count);
}

/* The bit of a register offset lies at most some pages from the operand's address. */
static void make_bit_offset(struct maker *m, unsigned reg)
{
    uint64_t offset = rows_value(&m->random);
    if (rows_once_in(&m->random, 8))
        offset = sign_extended(rows_next(&m->random), 2);
    else
        offset = sign_extended(offset, 1);
    m->in->gpr[reg] = offset;
}

/* @return where BT and its kin look, given the address that ModRM says. */
static void move_by_bit_offset(struct maker *m, unsigned reg)
{
    uint64_t offset = sign_extended(m->in->gpr[reg], m->size);
    m->linear += (uint64_t)((int64_t)offset >> 3) & ~(uint64_t)(m->size - 1u);
    if (m->in->mode != ORACLE_64)
        m->linear &= UINT32_MAX;
}

static void make_stack(struct maker *m)
{
    int override = m->override;
    unsigned address = m->address;
    m->override = -1;
    m->address = m->in->mode == ORACLE_64 ? 8 : 4;
    uint64_t rsp = pick_offset(m, ORACLE_SS);
    set_address_register(m, ORACLE_RSP, m->row->opcode == 0xff ? rsp + m->size : rsp);
    m->override = override;
    m->address = address;
}

static unsigned memory_size(const struct maker *m)
{
    switch (m->row->memory_size) {
    case BY_OPERAND_SIZE:
        return m->size;
    case BY_MODRM_SREG:
        return 2;
    case BY_PAIR:
        return m->rex & 8 ? 16 : 8;
    case BY_STACK:
        return m->in->mode == ORACLE_64 && m->size == 4 ? 8 : m->size;
    default:
        return m->row->memory_size;
    }
}

static uint64_t shift_undefined(const struct maker *m, unsigned count)
{
    unsigned bits = 8 * m->size;
    uint64_t undefined = 0x10; /* AF */
    count &= m->size == 8 ? 63 : 31;
    if (m->row->undefined == ROTATE_UNDEFINED)
        undefined = 0;
    if (count != 1)
        undefined |= 0x800; /* OF */
    if (m->row->undefined != ROTATE_UNDEFINED && count >= bits)
        undefined |= 1; /* CF */
    if (m->row->undefined == DOUBLE_UNDEFINED && count >= bits)
        undefined |= 0x8d5; /* and the result: not made */
    return undefined;
}

/* Which flags the manual leaves undefined. */
static uint64_t undefined_flags(const struct maker *m)
{
    bool by_one = (m->row->opcode & 0xfe) == 0xd0 && m->row->prefix == 0;
    unsigned count = m->row->immediate == IMM_BYTE ? m->in->code[m->in->code_size - 1]
                     : by_one                      ? 1
                                                   : (unsigned)m->in->gpr[ORACLE_RCX] & 0xff;
    switch (m->row->undefined) {
    case ALL_DEFINED:
        return 0;
    case AF_UNDEFINED:
        return 0x10;
    case MUL_UNDEFINED:
        return 0xd4;
    case DIV_UNDEFINED:
        return 0x8d5;
    case BIT_UNDEFINED:
        return 0x894;
    case SCAN_UNDEFINED:
        return 0x895;
    default:
        return shift_undefined(m, count);
    }
}

static void make_form(struct maker *m, unsigned reg, unsigned operand_size)
{
    switch (m->row->form) {
    case RM_REG:
        if (m->row->traits & BITS)
            make_bit_offset(m, reg | (m->rex & 4u) << 1);
        make_modrm(m, reg);
        if (m->row->traits & BITS)
            move_by_bit_offset(m, reg | (m->rex & 4u) << 1);
        break;
    case RM_SREG:
        make_modrm(m, rows_below(&m->random, ORACLE_SREGS));
        break;
    case TO_SREG:
        make_modrm(m, reg == ORACLE_CS || reg > ORACLE_GS ? ORACLE_SS : reg);
        break;
    case STACK:
        make_stack(m);
        make_modrm(m, m->row->digit);
        break;
    case RM_DIGIT:
        make_modrm(m, m->row->digit);
        break;
    case MOFFS:
        emit_value(m, pick_offset(m, ORACLE_DS), m->address);
        break;
    case REG_IMM:
        emit_value(m, rows_value(&m->random), m->row->opcode == 0xb0 ? 1 : operand_size);
        break;
    case XLAT_FORM:
        set_address_register(m, ORACLE_RBX,
                             pick_offset(m, ORACLE_DS) - (m->in->gpr[ORACLE_RAX] & 0xff));
        break;
    case STRING:
        make_string(m);
        break;
    case ACC_IMM:
        break;
    }
}

static void make_operands(struct maker *m)
{
    unsigned operand_size = m->size;
    unsigned reg = rows_below(&m->random, 8);
    m->size = memory_size(m);
    if (m->row->undefined == DIV_UNDEFINED && rows_once_in(&m->random, 2)) /* quotients that fit */
        m->in->gpr[ORACLE_RDX] = rows_below(&m->random, 3);
    if (m->row->prefix)
        emit(m, 0x0f);
    if (m->row->prefix == 0x38)
        emit(m, 0x38);
    emit(m, m->row->form == REG_IMM ? m->row->opcode | reg : m->row->opcode);
    make_form(m, reg, operand_size);
    if (m->row->immediate == IMM_BYTE)
        emit_value(m, rows_value(&m->random), 1);
    else if (m->row->immediate == IMM_OPERAND)
        emit_value(m, rows_value(&m->random), m->size == 8 ? 4 : m->size);
}

static bool is_in_reach(uint64_t linear)
{
    return linear > ORACLE_ARENA - 0x8000 && linear < ORACLE_ARENA + ORACLE_ARENA_SIZE;
}

/* Bit offsets, and addresses based on rSP, can lead to pages of which nothing is known here. */
static bool is_near(const struct maker *m)
{
    if (m->row->traits & BITS)
        return !m->has_memory || is_in_reach(m->linear);
    return m->row->form != STACK || m->in->mode != ORACLE_64 || is_in_reach(m->in->gpr[ORACLE_RSP]);
}

/* SHLD and SHRD by more than the width leave a result that is not defined. */
static bool has_defined_result(const struct maker *m)
{
    return m->row->undefined != DOUBLE_UNDEFINED || !(m->made->undefined & 1);
}

static void fix_rip_relative(struct maker *m)
{
    if (m->rip_fixup == 0)
        return;
    uint32_t disp;
    memcpy(&disp, m->in->code + m->rip_fixup, sizeof(disp));
    disp -= (uint32_t)(ORACLE_RIP + m->in->code_size);
    memcpy(m->in->code + m->rip_fixup, &disp, sizeof(disp));
}

/* An exit that this instruction could have caused. */
static void make_exit(struct maker *m)
{
    struct oracle_exit *exit = &m->made->exit;
    uint64_t start = m->in->mode == ORACLE_16 ? ORACLE_CODE16 + ORACLE_IP16 : ORACLE_RIP;
    *exit = (struct oracle_exit){WHvMemoryAccessExecute, true, start, 0};
    switch (rows_below(&m->random, 4)) {
    case 0:
        exit->bytes_missing = (uint8_t)(16 - m->in->code_size);
        break;
    case 1:
        exit->bytes_missing = (uint8_t)rows_below(&m->random, 17);
        break;
    default:
        break;
    }
    if (!m->has_memory || m->has_lock || rows_once_in(&m->random, 3))
        return;
    exit->access = m->row->is_store ? WHvMemoryAccessWrite : WHvMemoryAccessRead;
    exit->gva = m->linear;
    exit->gva_valid = rows_is_accessible(m->linear, m->row->is_store);
}

static bool try_make(const struct rows_world *world, enum oracle_mode mode,
                     struct rows_random random, struct rows_case *made)
{
    struct maker m = {.world = world, .random = random, .made = made, .in = &made->in};
    rows_surround(world, &m.random, mode, m.in);
    do {
        m.row = &rows[rows_below(&m.random, sizeof(rows) / sizeof(rows[0]))];
    } while ((m.row->traits & ONLY64) && mode != ORACLE_64);
    make_prefixes(&m);
    if ((m.row->traits & ONLY64) && m.size == 2 && world->habits.narrow_movsxd)
        return false;
    make_segment_base(&m);
    make_operands(&m);
    if (m.in->code_size > ORACLE_CODE_MAX)
        return false;
    made->undefined = undefined_flags(&m);
    if (!has_defined_result(&m) || !is_near(&m))
        return false;
    fix_rip_relative(&m);
    make_exit(&m);
    return true;
}

void rows_make(const struct rows_world *world, enum oracle_mode mode, uint64_t index,
               struct rows_case *made)
{
    struct rows_random random = {world->seed ^ (index * 4 + (uint64_t)mode) << 20};
    rows_next(&random);
    while (!try_make(world, mode, random, made))
        rows_next(&random);
}
