/* SPDX-License-Identifier: MIT */
/**
 * @file msr.h
 * Model-specific registers that RDMSR and WRMSR can reach: msr.def.
 */
#ifndef WHE_MSR_H
#define WHE_MSR_H

#include <stdbool.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

/** What may be written. */
enum whe_msr_rule {
    WHE_MSR_ANY,
    /** #GP(0) unless it is a canonical address. */
    WHE_MSR_CANONICAL,
    /** The lower half; the upper one is ignored. */
    WHE_MSR_LOW,
    WHE_MSR_EFER,
    WHE_MSR_PAT,
    WHE_MSR_APIC_BASE,
    WHE_MSR_READ_ONLY,
    /** Of a range of memory: its beginning, its mask, the type of what is in none, types of eight
     * ranges that are fixed. */
    WHE_MSR_MTRR_BASE,
    WHE_MSR_MTRR_MASK,
    WHE_MSR_MTRR_DEFAULT,
    WHE_MSR_MTRR_FIXED
};

struct whe_msr {
    WHV_REGISTER_NAME name;
    /** An enum whe_reg; of a segment it is the base. */
    uint8_t reg;
    /** An enum whe_msr_rule. */
    uint8_t rule;
};

/** @return whether there is one of this number. */
bool whe_msr_find(uint32_t number, struct whe_msr *msr);

#endif
