/* SPDX-License-Identifier: MIT */
#include "rows_maker.h"

#define CF     1u
#define PF     4u
#define AF     0x10u
#define ZF     0x40u
#define SF     0x80u
#define OF     0x800u
#define STATUS (CF | PF | AF | ZF | SF | OF)

/* SDM 2B, "SAL/SAR/SHL/SHR", "RCL/RCR/ROL/ROR", "SHLD", "SHRD". Without a count nothing changes. */
static uint64_t shift_undefined(const struct maker *m, unsigned count)
{
    unsigned bits = 8 * m->size;
    bool is_rotate = m->row->undefined == ROTATE_UNDEFINED;
    uint64_t undefined = is_rotate ? 0 : AF;
    count &= m->size == 8 ? 63 : 31;
    if (count == 0)
        return 0;
    if (count != 1)
        undefined |= OF;
    if (m->row->undefined == SHIFT_UNDEFINED && count >= bits)
        undefined |= CF;
    if (m->row->undefined == DOUBLE_UNDEFINED && count > bits)
        undefined |= ROWS_UNDEFINED_RESULT | STATUS;
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
        return AF;
    case MUL_UNDEFINED:
        return STATUS & ~(CF | OF);
    case DIV_UNDEFINED:
        return STATUS;
    case BIT_UNDEFINED:
        return STATUS & ~(CF | ZF);
    case SCAN_UNDEFINED:
        return STATUS & ~ZF;
    case COUNT_UNDEFINED:
        return STATUS & ~(CF | ZF);
    case VEX_UNDEFINED:
        return AF | PF;
    case EXTRACT_UNDEFINED:
        return AF | PF | SF;
    case DECIMAL_UNDEFINED:
        return OF;
    case DIGIT_UNDEFINED:
        return STATUS & ~(CF | AF);
    case MULTIPLY_DIGIT:
        return CF | AF | OF;
    default:
        return shift_undefined(m, count);
    }
}
