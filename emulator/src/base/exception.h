/* SPDX-License-Identifier: MIT */
/**
 * @file exception.h
 * Exceptions (SDM 3A, 6.15).
 */
#ifndef WHE_EXCEPTION_H
#define WHE_EXCEPTION_H

enum whe_vector {
    WHE_VECTOR_DE = 0,
    WHE_VECTOR_BR = 5,
    WHE_VECTOR_UD = 6,
    WHE_VECTOR_NM = 7,
    WHE_VECTOR_NP = 11,
    WHE_VECTOR_SS = 12,
    WHE_VECTOR_GP = 13,
    WHE_VECTOR_PF = 14,
    WHE_VECTOR_MF = 16,
    WHE_VECTOR_AC = 17,
    WHE_VECTOR_XM = 19,
    /** No exception either: a kernel cannot do it. */
    WHE_VECTOR_REFUSED = 254,
    /** No exception. */
    WHE_VECTOR_NONE = 255
};

#endif
