/* SPDX-License-Identifier: MIT */
/**
 * @file x87.h
 * The x87's state in an image: SDM 1, 8.1.
 */
#ifndef WHE_X87_H
#define WHE_X87_H

#include "kernel.h"

/** The status word. */
#define WHE_FSW_INVALID   UINT16_C(0x0001)
#define WHE_FSW_OVERFLOW  UINT16_C(0x0008)
#define WHE_FSW_UNDERFLOW UINT16_C(0x0010)
/** Their masks lie likewise in the control word. */
#define WHE_FSW_EXCEPTIONS UINT16_C(0x003f)
#define WHE_FSW_TOP_SHIFT  11

/** @return exceptions that have happened and are not masked. The summary bit is not looked at: the
 * processor computes it from the others. */
static inline unsigned whe_x87_pending(const WHV_X64_FP_CONTROL_STATUS_REGISTER *x87)
{
    return x87->FpStatus & ~(unsigned)x87->FpControl & WHE_FSW_EXCEPTIONS;
}

/** Makes another register ST(0). Registers keep their values, and so they change their names. */
void whe_x87_turn(union whe_image *image, unsigned top);

/** Reserved bits of the control word cannot be changed, and the summary of pending exceptions
 * follows from the other bits. SDM 1, 8.1.3, 8.1.5. */
void whe_x87_settle(union whe_image *image);

/** Every MMX instruction but EMMS makes the registers of the stack those of MMX: TOP is 0, none is
 * empty. SDM 1, 9.5.1. */
void whe_x87_enter_mmx(union whe_image *image);

#endif
