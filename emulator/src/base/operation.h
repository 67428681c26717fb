/* SPDX-License-Identifier: MIT */
/**
 * @file operation.h
 * Arguments that rows of the table give to what serves several of them.
 */
#ifndef WHE_OPERATION_H
#define WHE_OPERATION_H

/** Of shifts and rotates. */
enum whe_shift { WHE_SHL, WHE_SHR, WHE_SAR, WHE_ROL, WHE_ROR, WHE_RCL, WHE_RCR };

/** Of PCMPESTRI and its kin: what the row has of both. */
enum whe_text_operation { WHE_TEXT_EXPLICIT = 1, WHE_TEXT_MASK = 2 };
/** Of LOOP, LOOPE, LOOPNE. */
enum whe_loop { WHE_LOOP_ALWAYS, WHE_LOOP_EQUAL, WHE_LOOP_NOT_EQUAL };

/** Of what loads CS. */
enum whe_far { WHE_FAR_JUMP, WHE_FAR_CALL, WHE_FAR_RETURN, WHE_FAR_INTERRUPT_RETURN };

/** Of INT n, INT3, INTO: the vector, where no operand tells it. */
enum whe_interrupt { WHE_INTERRUPT_TOLD, WHE_INTERRUPT_BREAKPOINT = 3, WHE_INTERRUPT_OVERFLOW };

/** Of string instructions: where elements come from and go to. */
enum whe_string_operation {
    WHE_STRING_MOVS,
    WHE_STRING_STOS,
    WHE_STRING_LODS,
    WHE_STRING_INS,
    WHE_STRING_OUTS,
    WHE_STRING_CMPS,
    WHE_STRING_SCAS
};

#endif
