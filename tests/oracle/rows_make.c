/* SPDX-License-Identifier: MIT */
#include "rows_maker.h"

/* F2 and F3 make other instructions of these. */
static bool may_have_rep(const struct row *row)
{
    return row->undefined != SCAN_UNDEFINED && row->map != 0x38 && row->memory_size != BY_PAIR &&
           !(row->map == 0x0f && row->opcode == 0xc3);
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
    m->has_lock = rows_once_in(&m->random, (m->row->traits & STORE) != 0 ? 20 : 100);
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
        rows_emit(m, prefixes[chosen]);
        prefixes[chosen] = prefixes[i - 1];
    }
    if (is64 && rows_once_in(&m->random, 2))
        m->rex = (uint8_t)(0x40 | rows_below(&m->random, 16));
    if (m->rex)
        rows_emit(m, m->rex);
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

static void make_string(struct maker *m)
{
    unsigned family = m->row->opcode & 0xfe;
    bool has_source = family != 0xaa && family != 0xae;
    bool has_destination = family != 0xac;
    int override = m->override;
    if (has_destination) {
        m->override = -1; /* ES:rDI, always */
        rows_set_address_register(m, ORACLE_RDI, rows_pick_offset(m, ORACLE_ES));
        m->override = override;
    }
    uint64_t destination = m->linear;
    if (has_source) {
        rows_set_address_register(m, ORACLE_RSI, rows_pick_offset(m, ORACLE_DS));
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
    rows_set_address_register(m, ORACLE_RCX, count);
}

/* The bit of a register offset lies at most some pages from the operand's address. */
static void make_bit_offset(struct maker *m, unsigned reg)
{
    uint64_t offset = rows_value(&m->random);
    if (rows_once_in(&m->random, 8))
        offset = rows_sign_extended(rows_next(&m->random), 2);
    else
        offset = rows_sign_extended(offset, 1);
    m->in->gpr[reg] = offset;
}

/* @return where BT and its kin look, given the address that ModRM says. */
static void move_by_bit_offset(struct maker *m, unsigned reg)
{
    uint64_t offset = rows_sign_extended(m->in->gpr[reg], m->size);
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
    uint64_t rsp = rows_pick_offset(m, ORACLE_SS);
    rows_set_address_register(m, ORACLE_RSP, m->row->opcode == 0xff ? rsp + m->size : rsp);
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

static void make_form(struct maker *m, unsigned reg, unsigned operand_size)
{
    switch (m->row->form) {
    case RM_REG:
        if (m->row->traits & BITS)
            make_bit_offset(m, reg | (m->rex & 4u) << 1);
        rows_make_modrm(m, reg);
        if (m->row->traits & BITS)
            move_by_bit_offset(m, reg | (m->rex & 4u) << 1);
        break;
    case RM_SREG:
        rows_make_modrm(m, rows_below(&m->random, ORACLE_SREGS));
        break;
    case TO_SREG:
        rows_make_modrm(m, reg == ORACLE_CS || reg > ORACLE_GS ? ORACLE_SS : reg);
        break;
    case STACK:
        make_stack(m);
        rows_make_modrm(m, m->row->digit);
        break;
    case RM_DIGIT:
        rows_make_modrm(m, m->row->digit);
        break;
    case MOFFS:
        rows_emit_value(m, rows_pick_offset(m, ORACLE_DS), m->address);
        break;
    case REG_IMM:
        rows_emit_value(m, rows_value(&m->random), m->row->opcode == 0xb0 ? 1 : operand_size);
        break;
    case XLAT_FORM:
        rows_set_address_register(m, ORACLE_RBX,
                                  rows_pick_offset(m, ORACLE_DS) - (m->in->gpr[ORACLE_RAX] & 0xff));
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
    if (m->row->map)
        rows_emit(m, 0x0f);
    if (m->row->map == 0x38)
        rows_emit(m, 0x38);
    rows_emit(m, m->row->form == REG_IMM ? m->row->opcode | reg : m->row->opcode);
    make_form(m, reg, operand_size);
    if (m->row->immediate == IMM_BYTE)
        rows_emit_value(m, rows_value(&m->random), 1);
    else if (m->row->immediate == IMM_OPERAND)
        rows_emit_value(m, rows_value(&m->random), m->size == 8 ? 4 : m->size);
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
    exit->access = (m->row->traits & STORE) != 0 ? WHvMemoryAccessWrite : WHvMemoryAccessRead;
    exit->gva = m->linear;
    exit->gva_valid = rows_is_accessible(m->linear, (m->row->traits & STORE) != 0);
}

static bool try_make(const struct rows_world *world, enum oracle_mode mode,
                     struct rows_random random, struct rows_case *made)
{
    struct maker m = {.world = world, .random = random, .made = made, .in = &made->in};
    rows_surround(world, &m.random, mode, m.in);
    do {
        m.row = &rows_table[rows_below(&m.random, rows_table_size)];
    } while ((m.row->traits & ONLY64) && mode != ORACLE_64);
    make_prefixes(&m);
    if ((m.row->traits & ONLY64) && m.size == 2 && world->habits.narrow_movsxd)
        return false;
    make_segment_base(&m);
    make_operands(&m);
    if (m.in->code_size > ORACLE_CODE_MAX)
        return false;
    made->undefined = rows_undefined_flags(&m);
    if (!has_defined_result(&m) || !is_near(&m))
        return false;
    rows_fix_rip_relative(&m);
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
