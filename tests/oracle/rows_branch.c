/* SPDX-License-Identifier: MIT */
/*
 * To where branches lead: INT3 in the page of the instruction, or places where there is no code,
 * or can be none. What else the process has mapped must not be met.
 */
#include <string.h>

#include "rows_maker.h"

#define LOW_END       UINT64_C(0x10000) /* below it Linux maps nothing */
#define CODE_END      (ORACLE_CODE16 + 0x10000)
#define USER_END      UINT64_C(0x800000000000)
#define VSYSCALL_PAGE UINT64_C(0xffffffffff600000)

uint64_t rows_branch_target(struct rows_random *random)
{
    switch (rows_below(random, 8)) {
    case 0:
        return ORACLE_ARENA + rows_below(random, ORACLE_ARENA_SIZE);
    case 1:
        return ORACLE_CODE16 + rows_below(random, CODE_END - ORACLE_CODE16);
    case 2:
        return rows_below(random, LOW_END);
    case 3:
        return rows_value(random);
    default:
        return ORACLE_CODE16 + rows_below(random, ORACLE_PAGE);
    }
}

void rows_fill_targets(struct rows_random *random, uint8_t *memory, unsigned size)
{
    for (unsigned i = 0; i + 8 <= size; i += 8) {
        uint64_t target = rows_branch_target(random);
        memcpy(memory + i, &target, 8);
    }
}

bool rows_has_displacement(const struct row *row)
{
    return (row->traits & TARGET) && (row->form == FIXED || row->form == STACK_FIXED) &&
           (row->immediate == IMM_BYTE || row->immediate == IMM_OPERAND);
}

static uint64_t start_of(const struct maker *m)
{
    return m->in->mode == ORACLE_16 ? ORACLE_IP16 : ORACLE_RIP;
}

void rows_make_displacement(struct maker *m, unsigned size)
{
    const uint64_t base = m->in->mode == ORACLE_16 ? ORACLE_CODE16 : 0;
    const uint64_t next = start_of(m) + m->in->code_size + size;
    uint64_t displacement = rows_branch_target(&m->random) - base - next;
    if (size == 1)
        displacement = rows_value(&m->random);
    else if (m->in->mode == ORACLE_64 && rows_sign_extended(displacement, size) != displacement)
        m->is_impossible = true;
    m->target = next + rows_sign_extended(displacement, size);
    rows_emit_value(m, displacement, size);
}

void rows_make_count(struct maker *m)
{
    if (rows_once_in(&m->random, 2))
        rows_set_address_register(m, ORACLE_RCX, rows_below(&m->random, 3));
}

bool rows_is_target_safe(const struct maker *m)
{
    const uint64_t base = m->in->mode == ORACLE_16 ? ORACLE_CODE16 : 0;
    const uint64_t offset = m->target & rows_mask(m->size), linear = base + offset;
    if (offset - start_of(m) < m->in->code_size)
        return false;
    if (m->in->mode == ORACLE_16) /* #GP past the limit */
        return true;
    return linear < LOW_END || linear - ORACLE_CODE16 < CODE_END - ORACLE_CODE16 ||
           linear - ORACLE_ARENA < ORACLE_ARENA_SIZE ||
           (linear >= USER_END && linear / ORACLE_PAGE != VSYSCALL_PAGE / ORACLE_PAGE);
}
