/* SPDX-License-Identifier: MIT */
/* An encoder of its own, because prefixes that mean nothing are part of what is tested. */
#include <string.h>

#include "rows_maker.h"

void rows_emit(struct maker *m, unsigned byte)
{
    if (m->in->code_size < ORACLE_CODE_MAX)
        m->in->code[m->in->code_size] = (uint8_t)byte;
    m->in->code_size++;
}

void rows_emit_value(struct maker *m, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        rows_emit(m, (unsigned)(value >> 8 * i) & 0xff);
}

uint64_t rows_mask(unsigned bytes)
{
    return bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * bytes) - 1;
}

uint64_t rows_sign_extended(uint64_t value, unsigned bytes)
{
    uint64_t sign = UINT64_C(1) << (8 * bytes - 1);
    return ((value & rows_mask(bytes)) ^ sign) - sign;
}

void rows_set_address_register(struct maker *m, unsigned reg, uint64_t value)
{
    uint64_t mask = rows_mask(m->address);
    m->in->gpr[reg] = (m->in->gpr[reg] & ~mask) | (value & mask);
}

uint64_t rows_base_of(const struct maker *m, enum oracle_sreg segment)
{
    if (m->in->mode == ORACLE_64 && segment < ORACLE_FS)
        return 0;
    if (segment == ORACLE_CS)
        return m->in->mode == ORACLE_16 ? ORACLE_CODE16 : 0;
    return m->in->segment[segment].kind == ORACLE_FLAT && m->in->mode != ORACLE_64
               ? 0
               : m->in->segment[segment].base;
}

/* How numbers lie in memory: rows_fill_numbers. */
static unsigned slot_of(unsigned size)
{
    return size == 10 ? 16 : size > 16 ? 4 : size;
}

/* Now and then an address that is not canonical, or just about. */
static uint64_t pick_linear(struct maker *m)
{
    if (m->in->mode == ORACLE_64 && m->address == 8 && rows_once_in(&m->random, 60))
        return (UINT64_C(1) << 47) - m->size + 1 + rows_below(&m->random, 3 * ORACLE_PAGE);
    uint64_t linear = rows_target(&m->random, m->size);
    if ((m->row->traits & ALIGNED) && !rows_once_in(&m->random, 4))
        linear &= ~UINT64_C(15);
    if ((m->row->traits & FLOATS) && !rows_once_in(&m->random, 4))
        linear &= ~(uint64_t)(slot_of(m->size) - 1u);
    if ((m->row->traits & STATES) && m->size < 16 && rows_once_in(&m->random, 2))
        linear = (linear & ~UINT64_C(15)) | 8;
    if ((m->row->traits & TARGET) && !rows_once_in(&m->random, 4))
        linear &= ~UINT64_C(7);
    if (rows_selects(m->row) && rows_is_accessible(linear, false))
        return rows_selector_target(&m->random) - rows_before_selector(m);
    return linear;
}

uint64_t rows_pick_offset(struct maker *m, enum oracle_sreg default_segment)
{
    enum oracle_sreg segment = m->override >= 0 ? (enum oracle_sreg)m->override : default_segment;
    uint64_t linear = pick_linear(m);
    uint64_t offset = (linear - rows_base_of(m, segment)) & rows_mask(m->address);
    /* AMD accesses a large operand and what is in pieces part by part, each at an offset that wraps
       by itself. */
    const bool has_parts = m->size > 16 || (m->row->traits & AT_RDI) ||
                           ((m->row->traits & PIECES) && !rows_uses_stack(m->row));
    if (has_parts && m->address < 8 && offset + m->size - 1 > rows_mask(m->address))
        m->is_impossible = true;
    m->has_memory = true;
    m->linear = rows_base_of(m, segment) + offset;
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
    uint64_t offset = rows_pick_offset(m, is_stack ? ORACLE_SS : ORACLE_DS);
    unsigned disp_size = is_absolute ? 2 : mod;
    uint64_t disp = is_absolute ? offset : disp_size == 0 ? 0 : rows_next(&m->random);
    rows_emit(m, mod << 6 | reg << 3 | rm);
    rows_emit_value(m, disp, disp_size);
    if (is_absolute)
        return;
    if (disp_size > 0)
        disp = rows_sign_extended(disp, disp_size);
    uint64_t index = forms[rm].index ? m->in->gpr[forms[rm].index] : 0;
    rows_set_address_register(m, forms[rm].base, offset - disp - index);
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
    return m->address == 4 || rows_sign_extended(disp, 4) == disp;
}

/* @return whether the base cannot be given any value: it is the index too, or a part of ESP cannot
 * be chosen. */
static bool is_given(const struct maker *m, const struct sib *sib)
{
    return sib->base >= 0 &&
           (sib->base == sib->index || (sib->base == ORACLE_RSP && oracle_has_small_stack(m->in)));
}

/* Gives values to the registers of an address. @return the displacement. */
static uint64_t solve(struct maker *m, const struct sib *sib, unsigned disp_size, uint64_t offset)
{
    uint64_t disp = disp_size == 0 ? 0 : rows_sign_extended(rows_next(&m->random), disp_size);
    if (sib->base >= 0)
        m->address_registers |= (uint16_t)(1u << sib->base);
    if (sib->index >= 0)
        m->address_registers |= (uint16_t)(1u << sib->index);
    if (sib->base >= 0 && !is_given(m, sib)) {
        uint64_t index = sib->index < 0 ? 0 : m->in->gpr[sib->index] << sib->scale;
        rows_set_address_register(m, (unsigned)sib->base, offset - disp - index);
        return disp;
    }
    if (sib->index >= 0)
        rows_set_address_register(m, (unsigned)sib->index, rows_below(&m->random, 0x10000));
    uint64_t index = sib->index < 0 ? 0 : m->in->gpr[sib->index] << sib->scale;
    uint64_t base = sib->base < 0 ? 0 : m->in->gpr[sib->base];
    return (offset - base - index) & rows_mask(m->address); /* there are four bytes for it */
}

static void make_sib(struct maker *m, unsigned reg)
{
    struct sib sib = pick_sib(m);
    /* A register that has to do with what it holds needs a displacement that makes up for it. */
    if (is_given(m, &sib))
        sib.mod = 2;
    bool is_stack = sib.base == 4 || sib.base == 5;
    unsigned disp_size = sib.mod == 1 ? 1 : sib.mod == 2 || sib.base < 0 ? 4 : 0;
    uint64_t offset = rows_pick_offset(m, is_stack ? ORACLE_SS : ORACLE_DS);
    uint64_t disp = solve(m, &sib, disp_size, offset);
    if (disp_size == 4 && !is_encodable(m, disp))
        m->is_impossible = true;
    rows_emit(m, sib.mod << 6 | reg << 3 | 4);
    unsigned base = sib.base < 0 ? 5 : (unsigned)sib.base & 7;
    unsigned index = sib.index < 0 ? 4 : (unsigned)sib.index & 7;
    rows_emit(m, sib.scale << 6 | index << 3 | base);
    rows_emit_value(m, disp, disp_size);
}

static void make_absolute(struct maker *m, unsigned reg)
{
    uint64_t offset = rows_pick_offset(m, ORACLE_DS);
    rows_emit(m, reg << 3 | 5);
    if (m->in->mode == ORACLE_64) {
        m->rip_fixup = m->in->code_size;
        if (!is_encodable(m, offset - ORACLE_RIP))
            m->is_impossible = true;
    }
    rows_emit_value(m, offset, 4);
}

static void set_selector(struct maker *m, unsigned reg)
{
    uint16_t selector = m->world->selector[rows_below(&m->random, ROWS_SELECTORS)];
    m->in->gpr[reg] = (m->in->gpr[reg] & ~UINT64_C(0xffff)) | selector;
}

static void set_target(struct maker *m, unsigned reg)
{
    const uint64_t base = m->in->mode == ORACLE_16 ? ORACLE_CODE16 : 0;
    m->target = m->in->gpr[reg] = rows_branch_target(&m->random) - base;
}

/* Rows that have one register form: FNOP, FUCOMPP, FCOMPP, FNSTSW AX. @return what makes it. */
static unsigned lonely_rm(unsigned opcode, unsigned reg, unsigned rm)
{
    static const struct {
        uint8_t opcode, reg, rm;
    } lonely[] = {{0xd9, 2, 0}, {0xda, 5, 1}, {0xde, 3, 1}, {0xdf, 4, 0}};
    for (unsigned i = 0; i < sizeof(lonely) / sizeof(lonely[0]); i++) {
        if (lonely[i].opcode == opcode && lonely[i].reg == reg)
            return lonely[i].rm;
    }
    return rm;
}

void rows_make_modrm(struct maker *m, unsigned reg)
{
    unsigned rm = rows_below(&m->random, 8);
    if (m->made->shape.is_register) {
        if (m->row->map == 0 && !rows_once_in(&m->random, 8))
            rm = lonely_rm(m->row->opcode, reg, rm);
        rows_emit(m, 0xc0 | reg << 3 | rm);
        if (rows_selects(m->row))
            set_selector(m, rm | (m->rex & 1u) << 3);
        if (m->row->traits & TARGET)
            set_target(m, rm | (m->rex & 1u) << 3);
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
    uint64_t offset = rows_pick_offset(m, plain.base == 5 ? ORACLE_SS : ORACLE_DS);
    uint64_t disp = solve(m, &plain, disp_size, offset);
    rows_emit(m, mod << 6 | reg << 3 | rm);
    rows_emit_value(m, disp, disp_size);
}

void rows_fix_rip_relative(struct maker *m)
{
    if (m->rip_fixup == 0 || m->in->code_size > ORACLE_CODE_MAX)
        return;
    uint32_t disp;
    memcpy(&disp, m->in->code + m->rip_fixup, sizeof(disp));
    disp -= (uint32_t)(ORACLE_RIP + m->in->code_size);
    memcpy(m->in->code + m->rip_fixup, &disp, sizeof(disp));
}
