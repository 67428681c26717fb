/* SPDX-License-Identifier: MIT */
/**
 * @file mode.h
 * What the exit context says of the processor's mode.
 */
#ifndef WHE_MODE_H
#define WHE_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

#include "rflags.h"

enum whe_code { WHE_CODE16, WHE_CODE32, WHE_CODE64 };

struct whe_mode {
    uint8_t code;        /**< enum whe_code: default operand and address size */
    uint8_t key;         /**< what decoding depends on: code and protected_mode; never 0 */
    bool protected_mode; /**< descriptors are checked: PE set, not virtual-8086 */
    bool vm86;
    uint8_t cpl;          /**< 0 to 3 */
    bool check_alignment; /**< #AC applies: CPL 3, CR0.AM, RFLAGS.AC */
};

/** As whe_mode_from_exit, outside 64-bit mode. */
static inline struct whe_mode whe_legacy_mode(WHV_X64_VP_EXECUTION_STATE state,
                                              const WHV_X64_SEGMENT_REGISTER *cs, uint64_t rflags)
{
    struct whe_mode mode = {.code = WHE_CODE16, .cpl = (uint8_t)state.Cpl};
    mode.vm86 = !state.EferLma && state.Cr0Pe && (rflags & WHE_RFLAGS_VM) != 0;
    mode.protected_mode = state.Cr0Pe && !mode.vm86;
    if (mode.vm86)
        mode.cpl = 3;
    /* CS.Default decides between 16 and 32 bits in real mode too. SDM 3A, 21.1.1. */
    else if (cs->Default)
        mode.code = WHE_CODE32;
    mode.key = (uint8_t)(2 * mode.code + mode.protected_mode + 1);
    return mode;
}

/** Derives the mode. */
static inline void whe_mode_from_exit(WHV_X64_VP_EXECUTION_STATE state,
                                      const WHV_X64_SEGMENT_REGISTER *cs, uint64_t rflags,
                                      struct whe_mode *mode)
{
    if (state.EferLma && cs->Long)
        *mode = (struct whe_mode){.code = WHE_CODE64,
                                  .key = 2 * WHE_CODE64 + 2,
                                  .cpl = (uint8_t)state.Cpl,
                                  .protected_mode = true};
    else
        *mode = whe_legacy_mode(state, cs, rflags);
    mode->check_alignment = (rflags & WHE_RFLAGS_AC) && mode->cpl == 3 && state.Cr0Am;
}

/** @return the bits of a linear address or of RIP that exist in this mode. */
static inline uint64_t whe_mode_linear_mask(const struct whe_mode *mode)
{
    return mode->code == WHE_CODE64 ? ~UINT64_C(0) : UINT64_C(0xffffffff);
}

#endif
