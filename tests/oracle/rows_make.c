/* SPDX-License-Identifier: MIT */
#include "rows_maker.h"

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

static void set_part(uint64_t *reg, unsigned size, uint64_t value)
{
    *reg = (*reg & ~rows_mask(size)) | (value & rows_mask(size));
}

/* Of MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS. */
static bool has_source(const struct row *row)
{
    unsigned family = row->opcode & 0xfe;
    return family == 0xa4 || family == 0xa6 || family == 0xac || family == 0x6e;
}

static bool has_destination(const struct row *row)
{
    unsigned family = row->opcode & 0xfe;
    return family != 0xac && family != 0x6e;
}

static void make_string(struct maker *m)
{
    int override = m->override;
    if (has_destination(m->row)) {
        m->override = -1; /* ES:rDI, always */
        rows_set_address_register(m, ORACLE_RDI, rows_pick_offset(m, ORACLE_ES));
        m->override = override;
    }
    const uint64_t destination = m->linear;
    if (has_source(m->row)) {
        rows_set_address_register(m, ORACLE_RSI, rows_pick_offset(m, ORACLE_DS));
        if (has_destination(m->row) && rows_once_in(&m->random, 2))
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

static unsigned memory_size(const struct maker *m)
{
    switch (m->row->memory_size) {
    case BY_OPERAND_SIZE:
        return m->size;
    case BY_MODRM_SREG:
        return 2;
    case BY_PAIR:
        return m->rex & 8 ? 16 : 8;
    case BY_REX_W:
        return m->rex & 8 ? 8 : 4;
    case BY_STACK:
        return m->in->mode == ORACLE_64 && m->size == 4 ? 8 : m->size;
    case BY_EIGHT:
        return 8 * m->size;
    case BY_TWO:
        return 2 * m->size;
    case BY_ENVIRONMENT:
        return m->size == 2 ? 14 : 28;
    case BY_X87:
        return m->size == 2 ? 94 : 108;
    case BY_POINTER:
        return m->size + 2;
    case BY_PORT:
        return m->size == 8 ? 4 : m->size;
    default:
        return m->row->memory_size;
    }
}

static void make_rm(struct maker *m, unsigned reg)
{
    unsigned extended = reg | (m->rex & 4u) << 1;
    if (m->row->traits & BITS)
        make_bit_offset(m, extended);
    if ((m->row->traits & AT_RDI) && m->made->shape.is_register)
        rows_set_address_register(m, ORACLE_RDI, rows_pick_offset(m, ORACLE_DS));
    rows_make_modrm(m, reg);
    if (m->row->traits & BITS)
        move_by_bit_offset(m, extended);
}

/* What stands between opcode and immediate. */
static void make_form(struct maker *m, unsigned reg)
{
    if (rows_uses_stack(m->row))
        rows_make_stack(m);
    switch (m->row->form) {
    case RM_REG:
        make_rm(m, reg);
        break;
    case RM_SREG:
        rows_make_modrm(m, reg % ORACLE_SREGS);
        break;
    case TO_SREG:
        rows_make_modrm(m, reg == ORACLE_CS || reg > ORACLE_GS ? ORACLE_SS : reg);
        break;
    case STACK_RM:
    case RM_DIGIT:
        rows_make_modrm(m, m->row->digit);
        break;
    case MOFFS:
        rows_emit_value(m, rows_pick_offset(m, ORACLE_DS), m->address);
        break;
    case XLAT_FORM:
        rows_set_address_register(m, ORACLE_RBX,
                                  rows_pick_offset(m, ORACLE_DS) - (m->in->gpr[ORACLE_RAX] & 0xff));
        break;
    case STRING:
        make_string(m);
        break;
    case FIXED:
        if ((m->row->traits & TARGET) && m->row->immediate == IMM_BYTE)
            rows_make_count(m);
        break;
    default:
        break;
    }
}

static void make_immediate(struct maker *m)
{
    unsigned size = 0;
    if (m->row->immediate == IMM_BYTE)
        size = 1;
    else if (m->row->immediate == IMM_2_BYTES)
        size = 2;
    else if (m->row->immediate == IMM_OPERAND)
        size = m->size == 8 ? 4 : m->size;
    else if (m->row->immediate == IMM_FULL)
        size = m->size;
    if (rows_has_displacement(m->row))
        rows_make_displacement(m, size);
    else if (m->row->immediate == IMM_FRAME)
        rows_make_frame(m);
    else if (size > 0)
        rows_emit_value(m, rows_value(&m->random), size);
}

/* Two bytes where they are enough, or three. SDM 2A, 2.3.5. */
static void make_vex(struct maker *m)
{
    const unsigned map = m->row->map == 0x0f ? 1 : m->row->map == 0x38 ? 2 : 3;
    const unsigned pp = rows_vex_pp(m->row->mandatory);
    const bool is_general = m->row->memory_size == BY_REX_W && (m->row->traits & VVVV);
    const unsigned vvvv =
        m->row->traits & VVVV ? rows_below(&m->random, is_general ? 16 : 8) << 3 : 0;
    if (map == 1 && !(m->rex & 0xb) && vvvv == 0 && rows_once_in(&m->random, 2)) {
        rows_emit(m, 0xc5);
        rows_emit(m, (~(unsigned)m->rex & 4) << 5 | 0x78 | pp);
        return;
    }
    /* Outside 64-bit code general registers are eight, and have 32 bits whatever W is. */
    const bool has_w =
        m->in->mode == ORACLE_64 ? m->rex & 8 : is_general && rows_once_in(&m->random, 4);
    rows_emit(m, 0xc4);
    rows_emit(m, (~(unsigned)m->rex & 7) << 5 | map);
    rows_emit(m, (has_w ? 0x80u : 0) | (0x78 ^ vvvv) | pp);
}

static void make_operands(struct maker *m)
{
    unsigned reg = rows_below(&m->random, 8);
    m->size = memory_size(m);
    if (m->row->undefined == DIV_UNDEFINED && rows_once_in(&m->random, 2)) /* quotients that fit */
        m->in->gpr[ORACLE_RDX] = rows_below(&m->random, 3);
    if (m->row->opcode == 0x90 && m->row->form == REG_OP && reg == 0 && !(m->rex & 1))
        reg = 1; /* NOP and PAUSE are others */
    if (m->row->opcode == 0x90 && m->row->form == FIXED && (m->rex & 1) && m->has_rep)
        m->is_impossible = true; /* XCHG */
    if (m->row->traits & VEX)
        make_vex(m);
    else if (m->row->map)
        rows_emit(m, 0x0f);
    if (m->row->map > 0x0f && !(m->row->traits & VEX))
        rows_emit(m, m->row->map);
    bool is_in_opcode = m->row->form == REG_OP || m->row->form == STACK_REG;
    rows_emit(m, is_in_opcode ? m->row->opcode | reg : m->row->opcode);
    make_form(m, reg);
    make_immediate(m);
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
    if ((m->row->traits & FRAME) && !is_in_reach(rows_stack_linear(m, ORACLE_RBP)))
        return false;
    if ((m->row->traits & FRAME) && !(m->row->traits & PUSHES))
        return true;
    return !rows_uses_stack(m->row) || is_in_reach(rows_stack_linear(m, ORACLE_RSP));
}

static bool is_real(enum oracle_context context)
{
    return context == ORACLE_REAL || context == ORACLE_VM86;
}

/* What other selectors than those of the world lead to is not known here. */
static bool reads_known_selector(const struct maker *m)
{
    const uint64_t linear = m->linear + rows_before_selector(m);
    if (!m->has_memory || rows_is_selector(linear))
        return true;
    return m->override != ORACLE_CS && !rows_is_accessible(linear, false) &&
           !rows_is_accessible(linear + 1, false);
}

/* A target that is read is known, or it is never reached. */
static bool is_target_safe(struct maker *m)
{
    const bool is_popped = m->row->form == STACK_FIXED && !rows_has_displacement(m->row);
    if (!(m->row->traits & TARGET))
        return true;
    if ((is_popped || (m->has_memory && !rows_uses_stack(m->row)) ||
         (m->row->form == STACK_RM && !m->made->shape.is_register)) &&
        !rows_read(m->world, ROWS_TARGETS, is_popped ? rows_stack_linear(m, ORACLE_RSP) : m->linear,
                   m->size, &m->target))
        return true;
    return rows_is_target_safe(m);
}

/* What the oracle cannot do: write to code, which only real mode can; give ESP any upper half. */
static bool is_possible(struct maker *m)
{
    bool writes_code = m->has_memory && m->override == ORACLE_CS && (m->row->traits & STORE);
    uint64_t upper_esp = (m->in->gpr[ORACLE_RSP] ^ ORACLE_SMALL_ESP) & 0xffff0000;
    if (rows_selects(m->row) && !reads_known_selector(m))
        return false;
    if ((writes_code && is_real(m->made->context)) || !is_target_safe(m))
        return false;
    if (oracle_has_small_stack(m->in) && upper_esp != 0)
        return false;
    return !m->is_impossible && (m->in->code_size <= ORACLE_CODE_MAX || m->may_be_long);
}

/* @return whether the access at m->linear is a write. */
static bool is_write(const struct maker *m)
{
    const uint16_t stack = m->row->traits & PUSHES;
    bool is_stack = m->row->form == STACK_REG || m->row->form == STACK_FIXED ||
                    (m->row->form == STACK_RM && m->made->shape.is_register);
    return is_stack ? stack != 0 : (m->row->traits & STORE) != 0;
}

/* An exit that this instruction could have caused. */
static void make_exit(struct maker *m)
{
    struct oracle_exit *exit = &m->made->exit;
    uint64_t start = m->in->mode == ORACLE_16 ? ORACLE_CODE16 + ORACLE_IP16 : ORACLE_RIP;
    bool is_illegal = m->has_lock || (m->row->traits & ILLEGAL) ||
                      ((m->row->traits & ONLY_MEM) && m->made->shape.is_register) ||
                      ((m->row->traits & ONLY_REG) && !m->made->shape.is_register);
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
    if (!m->has_memory || (m->row->traits & ADDRESS) || is_illegal ||
        m->in->code_size > ORACLE_CODE_MAX || rows_once_in(&m->random, 3))
        return;
    exit->access = is_write(m) ? WHvMemoryAccessWrite : WHvMemoryAccessRead;
    exit->gva = m->linear;
    exit->gva_valid = rows_is_accessible(m->linear, is_write(m));
}

/*
 * Segment registers are loaded, and ports forbidden, as the processor does it: in protected mode.
 */
static enum oracle_context pick_context(struct maker *m, enum oracle_mode mode)
{
    static const enum oracle_context contexts[] = {ORACLE_LONG, ORACLE_LEGACY, ORACLE_REAL,
                                                   ORACLE_VM86, ORACLE_REAL};
    bool is_protected = rows_selects(m->row) || (m->row->traits & (PRIVILEGED | VEX | NO_REAL));
    if (mode == ORACLE_64)
        return ORACLE_LONG;
    /* CS with D set in real mode is possible, but rare. */
    if (mode == ORACLE_32 && rows_once_in(&m->random, 8) && !is_protected)
        return ORACLE_REAL;
    if (m->row->traits & NO_VM86)
        return contexts[rows_below(&m->random, mode == ORACLE_32 ? 2 : 3)];
    return contexts[rows_below(&m->random, is_protected || mode == ORACLE_32 ? 2 : 5)];
}

/* For an exchange to happen, what is compared must be equal. */
static void make_equal(struct maker *m)
{
    const unsigned used = m->address_registers & (1u << ORACLE_RAX | 1u << ORACLE_RDX);
    if (!(m->row->traits & COMPARES) || !m->has_memory || used || rows_once_in(&m->random, 2))
        return;
    unsigned half = m->row->memory_size == BY_PAIR ? m->size / 2 : m->size;
    uint64_t low, high;
    (void)rows_read(m->world, ROWS_INTEGERS, m->linear, half, &low);
    (void)rows_read(m->world, ROWS_INTEGERS, m->linear + half, half, &high);
    set_part(&m->in->gpr[ORACLE_RAX], half, low);
    if (m->row->memory_size == BY_PAIR)
        set_part(&m->in->gpr[ORACLE_RDX], half, high);
}

static enum rows_numbers numbers_of(const struct row *row)
{
    return row->traits & STATES   ? ROWS_STATES
           : row->traits & FLOATS ? ROWS_FLOATS
           : row->traits & TARGET ? ROWS_TARGETS
                                  : ROWS_INTEGERS;
}

static bool try_make(const struct rows_world *world, enum oracle_mode mode,
                     struct rows_random random, struct rows_case *made)
{
    struct maker m = {.world = world, .random = random, .made = made, .in = &made->in};
    m.row = &rows_table[made->shape.row];
    made->context = pick_context(&m, mode);
    rows_surround(world, &m.random, mode, numbers_of(m.row), m.in);
    if (is_real(made->context))
        rows_surround_real(&m.random, made->context, m.in);
    m.in->gpr[ORACLE_RSP] = oracle_gpr(m.in, ORACLE_RSP);
    rows_make_prefixes(&m);
    make_segment_base(&m);
    make_operands(&m);
    make_equal(&m);
    made->undefined = m.in->code_size > ORACLE_CODE_MAX ? 0 : rows_undefined_flags(&m);
    if (!is_possible(&m) || !is_near(&m) || (made->undefined & ROWS_UNDEFINED_RESULT))
        return false;
    rows_fix_rip_relative(&m);
    make_exit(&m);
    if (m.in->code_size > ORACLE_CODE_MAX)
        m.in->code_size = ORACLE_CODE_MAX;
    return true;
}

/* Between registers a VEX store clears what the emulator cannot know of. */
static bool may_be_register(const struct row *row)
{
    const bool has_modrm = row->form <= TO_SREG || row->form == STACK_RM;
    return has_modrm && !(row->traits & NO_REG) &&
           (row->traits & (VEX | ONLY_MEM)) != (VEX | ONLY_MEM);
}

struct rows_shape rows_shape_of(const struct rows_world *world, enum oracle_mode mode,
                                uint64_t index)
{
    const struct rows_choice *choice = &world->choice[mode];
    struct rows_shape shape = {.row = choice->row[index % choice->count]};
    const struct row *row = &rows_table[shape.row];
    uint64_t variant = index / choice->count;
    shape.has_66 = variant % 3 == 2 && !(row->traits & NO_66);
    variant /= 3;
    shape.has_67 = variant % 3 == 2;
    variant /= 3;
    shape.is_register = may_be_register(row) && (variant % 4 == 3 || (row->traits & NO_MEM));
    variant /= 4;
    if (mode == ORACLE_64)
        shape.rex = (enum rows_rex)(variant % (row->traits & NO_W ? 2 : 3));
    /* Where MOVSXD with 66h reads 16 bits it is another instruction. */
    if (row->map == 0 && row->opcode == 0x63 && world->habits.narrow_movsxd)
        shape.has_66 = false;
    /* AMD cuts RIP to 16 bits, Intel ignores 66h, which the emulator follows. */
    if (mode == ORACLE_64 && (row->traits & TARGET))
        shape.has_66 = false;
    return shape;
}

void rows_make(const struct rows_world *world, enum oracle_mode mode, uint64_t index,
               struct rows_case *made)
{
    struct rows_random random = {world->seed ^ (index * 4 + (uint64_t)mode) << 20};
    made->shape = rows_shape_of(world, mode, index);
    rows_next(&random);
    while (!try_make(world, mode, random, made))
        rows_next(&random);
}
