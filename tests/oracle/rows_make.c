/* SPDX-License-Identifier: MIT */
/* An encoder of its own, because prefixes that mean nothing are part of what is tested. */
#include <string.h>

#include "rows.h"

enum form {
    RM_REG,  /* ModRM: memory or register, and a register */
    RM_SREG, /* ModRM: memory or register, and a segment register */
    TO_SREG, /* ModRM: a segment register is loaded */
    RM_IMM,  /* ModRM: memory or register, and an immediate */
    MOFFS,   /* an absolute address and the accumulator */
    REG_IMM, /* a register in the opcode, and an immediate */
    STRING
};

/* Sizes of operands: bytes, or: */
#define BY_OPERAND_SIZE 0u
#define BY_MODRM_SREG   9u /* 2 in memory, the operand size in a register */

struct row {
    uint8_t prefix; /* 0x0f or 0 */
    uint8_t opcode;
    enum form form;
    uint8_t memory_size; /* of the memory operand */
    bool is_store;       /* of the memory operand; of the destination for strings */
    bool only64;
};

static const struct row rows[] = {
    {0, 0x88, RM_REG, 1, true, false},
    {0, 0x89, RM_REG, BY_OPERAND_SIZE, true, false},
    {0, 0x8a, RM_REG, 1, false, false},
    {0, 0x8b, RM_REG, BY_OPERAND_SIZE, false, false},
    {0, 0x8c, RM_SREG, BY_MODRM_SREG, true, false},
    {0, 0x8e, TO_SREG, 2, false, false},
    {0, 0xc6, RM_IMM, 1, true, false},
    {0, 0xc7, RM_IMM, BY_OPERAND_SIZE, true, false},
    {0, 0xa0, MOFFS, 1, false, false},
    {0, 0xa1, MOFFS, BY_OPERAND_SIZE, false, false},
    {0, 0xa2, MOFFS, 1, true, false},
    {0, 0xa3, MOFFS, BY_OPERAND_SIZE, true, false},
    {0, 0xb0, REG_IMM, 1, false, false},
    {0, 0xb8, REG_IMM, BY_OPERAND_SIZE, false, false},
    {0x0f, 0xb6, RM_REG, 1, false, false},
    {0x0f, 0xb7, RM_REG, 2, false, false},
    {0x0f, 0xbe, RM_REG, 1, false, false},
    {0x0f, 0xbf, RM_REG, 2, false, false},
    {0, 0x63, RM_REG, 4, false, true},
    {0, 0xa4, STRING, 1, true, false},
    {0, 0xa5, STRING, BY_OPERAND_SIZE, true, false},
    {0, 0xaa, STRING, 1, true, false},
    {0, 0xab, STRING, BY_OPERAND_SIZE, true, false},
    {0, 0xac, STRING, 1, false, false},
    {0, 0xad, STRING, BY_OPERAND_SIZE, false, false},
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

/* Chooses prefixes and what follows from them: address size, operand size, override. */
static void make_prefixes(struct maker *m)
{
    static const uint8_t overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    uint8_t prefixes[7];
    unsigned count = 0;
    bool is64 = m->in->mode == ORACLE_64;
    bool has66 = rows_once_in(&m->random, 4), has67 = rows_once_in(&m->random, 4);
    m->has_rep = rows_once_in(&m->random, m->row->form == STRING ? 2 : 30);
    m->has_lock = rows_once_in(&m->random, 100);
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
    if (rows_once_in(&m->random, m->row->form == TO_SREG ? 2 : 10)) {
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
    bool has_source = (m->row->opcode & 0xfe) != 0xaa;
    bool has_destination = (m->row->opcode & 0xfe) != 0xac;
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

static void make_operands(struct maker *m)
{
    unsigned operand_size = m->size;
    unsigned reg = rows_below(&m->random, 8);
    unsigned opcode = m->row->opcode;
    if (m->row->memory_size != BY_OPERAND_SIZE)
        m->size = m->row->memory_size == BY_MODRM_SREG ? 2 : m->row->memory_size;
    if (m->row->prefix)
        emit(m, m->row->prefix);
    emit(m, m->row->form == REG_IMM ? opcode | reg : opcode);
    switch (m->row->form) {
    case RM_REG:
        make_modrm(m, reg);
        break;
    case RM_SREG:
        make_modrm(m, rows_below(&m->random, ORACLE_SREGS));
        break;
    case TO_SREG:
        make_modrm(m, reg == ORACLE_CS || reg > ORACLE_GS ? ORACLE_SS : reg);
        break;
    case RM_IMM:
        make_modrm(m, 0);
        emit_value(m, rows_value(&m->random), m->size == 8 ? 4 : m->size);
        break;
    case MOFFS:
        emit_value(m, pick_offset(m, ORACLE_DS), m->address);
        break;
    case REG_IMM:
        emit_value(m, rows_value(&m->random), opcode == 0xb0 ? 1 : operand_size);
        break;
    case STRING:
        make_string(m);
        break;
    }
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
    } while (m.row->only64 && mode != ORACLE_64);
    make_prefixes(&m);
    if (m.row->only64 && m.size == 2 && world->habits.narrow_movsxd)
        return false;
    make_segment_base(&m);
    make_operands(&m);
    if (m.in->code_size > ORACLE_CODE_MAX)
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
