/* SPDX-License-Identifier: MIT */
/**
 * @file control.h
 * Bits of control registers that instructions ask about (SDM 3A, 2.5, 2.6).
 */
#ifndef WHE_CONTROL_H
#define WHE_CONTROL_H

#include <stdint.h>

#define WHE_CR0_MP (UINT64_C(1) << 1)
#define WHE_CR0_EM (UINT64_C(1) << 2)
#define WHE_CR0_TS (UINT64_C(1) << 3)
#define WHE_CR0_NE (UINT64_C(1) << 5)

#define WHE_CR4_OSFXSR     (UINT64_C(1) << 9)
#define WHE_CR4_OSXMMEXCPT (UINT64_C(1) << 10)
#define WHE_CR4_LA57       (UINT64_C(1) << 12)
#define WHE_CR4_OSXSAVE    (UINT64_C(1) << 18)
#define WHE_CR4_SMEP       (UINT64_C(1) << 20)

#define WHE_XCR0_SSE (UINT64_C(1) << 1)
#define WHE_XCR0_AVX (UINT64_C(1) << 2)

#endif
