/* SPDX-License-Identifier: MIT */
#include "rows_maker.h"

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

uint64_t rows_undefined_flags(const struct maker *m)
{
    bool by_one = (m->row->opcode & 0xfe) == 0xd0 && m->row->map == 0;
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
