/* SPDX-License-Identifier: MIT */
/* Where stacks and frames lie. */
#include "rows_maker.h"

bool rows_uses_stack(const struct row *row)
{
    return row->form == STACK_RM || row->form == STACK_REG || row->form == STACK_FIXED;
}

static unsigned width_of(const struct maker *m)
{
    return m->in->mode == ORACLE_64 ? 8 : oracle_has_small_stack(m->in) ? 2 : 4;
}

static void make_pointer(struct maker *m, enum oracle_gpr reg)
{
    uint64_t pointer = rows_pick_offset(m, ORACLE_SS);
    if (m->row->traits & PUSHES)
        pointer += m->size;
    if (m->address == 2 && rows_once_in(&m->random, 10)) /* around its end */
        pointer = rows_next(&m->random) % 8 - 4;
    /* Each of many pieces wraps by itself: none of them shall lie across the end. */
    if (m->address == 2 && (m->row->traits & PIECES) && ((pointer + 0x80) & 0xffff) < 0x100)
        pointer &= ~UINT64_C(3);
    rows_set_address_register(m, reg, pointer);
}

void rows_make_stack(struct maker *m)
{
    int override = m->override;
    unsigned address = m->address;
    m->override = -1;
    m->address = width_of(m);
    if (m->row->traits & FRAME)
        make_pointer(m, ORACLE_RBP);
    if (!(m->row->traits & FRAME) || (m->row->traits & PUSHES))
        make_pointer(m, ORACLE_RSP);
    m->override = override;
    m->address = address;
}

void rows_make_frame(struct maker *m)
{
    static const uint16_t sizes[] = {0, 1, 8, 0x40, 0xff8, 0x1000, 0x2345, 0xffff};
    static const uint8_t levels[] = {0, 0, 0, 1, 1, 2, 3, 31, 32, 0xff};
    rows_emit_value(m, sizes[rows_below(&m->random, sizeof(sizes) / sizeof(sizes[0]))], 2);
    rows_emit(m, levels[rows_below(&m->random, sizeof(levels))]);
}

uint64_t rows_stack_linear(const struct maker *m, enum oracle_gpr reg)
{
    const uint64_t pointer = oracle_gpr(m->in, reg) & rows_mask(width_of(m));
    if (m->in->mode == ORACLE_64)
        return pointer;
    return (rows_base_of(m, ORACLE_SS) + pointer) & UINT32_MAX;
}
