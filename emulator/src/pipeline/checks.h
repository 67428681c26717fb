/* SPDX-License-Identifier: MIT */
/**
 * @file checks.h
 * What an instruction demands of the processor before it does anything: the classes of checks.def.
 */
#ifndef WHE_CHECKS_H
#define WHE_CHECKS_H

#include "call.h"
#include "insn.h"

/** A row of checks.def. */
struct whe_check {
    /** #UD in real and virtual-8086 mode. */
    bool is_protected;
    /** #GP(0) unless CPL is 0. */
    bool is_privileged;
    /** Likewise where CR4.UMIP is set. */
    bool is_umip;
    /** Refused in protected mode where CR4.CET is set. */
    bool is_shadowed;
    /** #MF for a pending x87 exception. */
    bool waits;
    /** Bits that are set, otherwise #UD. */
    uint64_t cr4;
    /** Likewise. */
    uint64_t xcr0;
    /** Bits that are clear, otherwise #UD. */
    uint64_t cr0_ud;
    /** Bits that are clear, otherwise #NM; with MP: of which one is clear. */
    uint64_t cr0_nm;
};

/** By enum whe_checks. */
extern const struct whe_check whe_checks[WHE_CHECKS_COUNT];

/** Adds the registers that a class looks at, which are got with all others. */
void whe_checks_registers(const struct whe_mode *mode, enum whe_checks class, struct whe_set *set);

/**
 * Checks all but what waits; nothing of the instruction has happened yet.
 * @return WHE_OK; WHE_FAULT with #UD, #GP(0) or #NM raised; WHE_SHADOW_STACK; WHE_FERR where an x87
 * exception would be reported by an interrupt.
 */
enum whe_result whe_checks_run(struct whe_call *call, enum whe_checks class);

/**
 * What comes after that, and before the faults of memory operands.
 * @return WHE_OK; WHE_FAULT with #MF raised.
 */
enum whe_result whe_checks_wait(struct whe_call *call, enum whe_checks class);

/** @return whether CR0 and CR4, which are all that the class looks at, allow it. */
static inline bool whe_checks_allow(const struct whe_regs *regs, enum whe_checks class)
{
    const struct whe_check *check = &whe_checks[class];
    return ((regs->value[WHE_REG_CR0].Reg64 & (check->cr0_ud | check->cr0_nm)) |
            (~regs->value[WHE_REG_CR4].Reg64 & check->cr4)) == 0;
}

#endif
