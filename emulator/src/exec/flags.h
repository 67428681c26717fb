/* SPDX-License-Identifier: MIT */
/**
 * @file flags.h
 * What pushes and pops of RFLAGS may do, by privilege and mode: SDM 2B, "POPF", table 4-16; 2A,
 * "IRET"; 3A, 21.3.3.2.
 */
#ifndef WHE_FLAGS_H
#define WHE_FLAGS_H

#include "mode.h"

/** @return whether VIF takes the place of IF: virtual-8086 mode below IOPL 3 with CR4.VME. */
bool whe_flags_are_virtual(const struct whe_mode *mode, unsigned size, uint64_t rflags,
                           uint64_t cr4);

/** @return whether PUSHF, POPF and IRET are #GP(0): that mode without them. */
bool whe_flags_are_refused(const struct whe_mode *mode, unsigned size, uint64_t rflags,
                           uint64_t cr4);

/**
 * Pops flags; RF is cleared unless it is in `more`.
 * @param size   bytes that were popped: 2, 4 or 8.
 * @param popped what was popped.
 * @param more   flags beyond those that POPF may change.
 * @param rflags before and after.
 * @return false, and nothing has changed: #GP(0), for want of a virtual interrupt that is pending,
 * or a trap.
 */
bool whe_flags_pop(const struct whe_mode *mode, unsigned size, uint64_t cr4, uint64_t popped,
                   uint64_t more, uint64_t *rflags);

#endif
