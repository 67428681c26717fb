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
    enum whe_code code;  /**< default operand and address size */
    bool protected_mode; /**< descriptors are checked: PE set, not virtual-8086 */
    bool vm86;
    bool check_alignment; /**< #AC applies: CPL 3, CR0.AM, RFLAGS.AC */
    uint8_t cpl;          /**< 0 to 3 */
};

/** Number of distinct values of whe_mode_key(). */
#define WHE_MODE_KEYS 6

/** @return what decoding depends on: code size and whether descriptors count. */
static inline unsigned whe_mode_key(const struct whe_mode *mode)
{
    return (unsigned)mode->code * 2 + mode->protected_mode;
}

/** Derives the mode. CS.Default decides between 16 and 32 bits in real mode too (SDM 3A, 21.1.1).
 */
static inline struct whe_mode whe_mode_from_exit(WHV_X64_VP_EXECUTION_STATE state,
                                                 const WHV_X64_SEGMENT_REGISTER *cs,
                                                 uint64_t rflags)
{
    struct whe_mode mode = {.cpl = (uint8_t)state.Cpl};
    mode.vm86 = state.Cr0Pe && !state.EferLma && (rflags & WHE_RFLAGS_VM) != 0;
    mode.protected_mode = state.Cr0Pe && !mode.vm86;
    if (mode.vm86)
        mode.cpl = 3;
    if (state.EferLma && cs->Long)
        mode.code = WHE_CODE64;
    else if (!mode.vm86 && cs->Default)
        mode.code = WHE_CODE32;
    mode.check_alignment = mode.cpl == 3 && state.Cr0Am && (rflags & WHE_RFLAGS_AC) != 0;
    return mode;
}

/** @return the bits of a linear address or of RIP that exist in this mode. */
static inline uint64_t whe_mode_linear_mask(const struct whe_mode *mode)
{
    return mode->code == WHE_CODE64 ? ~UINT64_C(0) : UINT64_C(0xffffffff);
}

#endif
