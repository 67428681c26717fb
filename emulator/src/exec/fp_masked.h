/* SPDX-License-Identifier: MIT */
/**
 * @file fp_masked.h
 * Floating point with all exceptions masked.
 */
#ifndef WHE_FP_MASKED_H
#define WHE_FP_MASKED_H

#include "fp.h"

/** What comes before the computation. */
#define WHE_FP_BEFORE (WHE_MXCSR_IE | WHE_MXCSR_DE | WHE_MXCSR_ZE)

/** @return the flags of those exceptions that a guest has not masked. */
static inline unsigned whe_fp_open(uint32_t mxcsr)
{
    return ~(mxcsr >> 7) & WHE_MXCSR_FLAGS;
}

/** Runs with everything masked. @return the flags, among them UE for what is tiny, exact or not. */
unsigned whe_fp_masked(const struct whe_fp_row *row, struct whe_fp *fp, uint32_t mxcsr);

#endif
