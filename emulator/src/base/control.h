/* SPDX-License-Identifier: MIT */
/**
 * @file control.h
 * Bits of control registers that instructions ask about (SDM 3A, 2.5, 2.6).
 */
#ifndef WHE_CONTROL_H
#define WHE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#define WHE_CR0_PE (UINT64_C(1) << 0)
#define WHE_CR0_MP (UINT64_C(1) << 1)
#define WHE_CR0_EM (UINT64_C(1) << 2)
#define WHE_CR0_TS (UINT64_C(1) << 3)
#define WHE_CR0_ET (UINT64_C(1) << 4)
#define WHE_CR0_NE (UINT64_C(1) << 5)
#define WHE_CR0_WP (UINT64_C(1) << 16)
#define WHE_CR0_NW (UINT64_C(1) << 29)
#define WHE_CR0_CD (UINT64_C(1) << 30)
#define WHE_CR0_PG (UINT64_C(1) << 31)

#define WHE_CR4_VME        (UINT64_C(1) << 0)
#define WHE_CR4_PVI        (UINT64_C(1) << 1)
#define WHE_CR4_DE         (UINT64_C(1) << 3)
#define WHE_CR4_PAE        (UINT64_C(1) << 5)
#define WHE_CR4_OSFXSR     (UINT64_C(1) << 9)
#define WHE_CR4_OSXMMEXCPT (UINT64_C(1) << 10)
#define WHE_CR4_UMIP       (UINT64_C(1) << 11)
#define WHE_CR4_LA57       (UINT64_C(1) << 12)
#define WHE_CR4_FSGSBASE   (UINT64_C(1) << 16)
#define WHE_CR4_PCIDE      (UINT64_C(1) << 17)
#define WHE_CR4_OSXSAVE    (UINT64_C(1) << 18)
#define WHE_CR4_SMEP       (UINT64_C(1) << 20)
#define WHE_CR4_CET        (UINT64_C(1) << 23)

#define WHE_EFER_LME (UINT64_C(1) << 8)
#define WHE_EFER_LMA (UINT64_C(1) << 10)

#define WHE_DR7_GD (UINT64_C(1) << 13)

#define WHE_XCR0_X87 (UINT64_C(1) << 0)
#define WHE_XCR0_SSE (UINT64_C(1) << 1)
#define WHE_XCR0_AVX (UINT64_C(1) << 2)

/** @return whether a linear address is canonical, of 57 bits where CR4.LA57 is set. */
static inline bool whe_is_canonical(uint64_t address, uint64_t cr4)
{
    const unsigned unused = cr4 & WHE_CR4_LA57 ? 7 : 16;
    return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

#endif
