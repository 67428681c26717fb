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

/** What hardly any call has to do; a mask. */
enum whe_special {
    /** InterruptState is loaded along, and its shadow ends. */
    WHE_SPECIAL_SHADOW = 1,
    /** RF is to be cleared, TF traps, or AC asks for aligned operands. */
    WHE_SPECIAL_FLAGS = 2,
    /** MOV SS: no trap, no interrupt before the next instruction. */
    WHE_SPECIAL_BLOCKS = 4,
    /** A REP stopped for single-step: RIP stays. */
    WHE_SPECIAL_UNFINISHED = 8,
    /** IRET: RF is what was popped. */
    WHE_SPECIAL_KEEPS_RF = 16,
    /** An interrupt: no trap, whatever TF was. */
    WHE_SPECIAL_NO_TRAP = 32
};

struct whe_mode {
    /** An enum whe_code: default operand and address size. */
    _Alignas(8) uint8_t code;
    /** Descriptors are checked: PE set, not virtual-8086. */
    bool protected_mode;
    bool vm86;
    /** EFER.LMA. */
    bool long_mode;
    /** 0 to 3. */
    uint8_t cpl;
    /** #AC applies: CPL 3, CR0.AM, RFLAGS.AC. */
    bool check_alignment;
    /** Mask of enum whe_special; handlers add to what the exit says. */
    uint8_t specials;
};

/** Flags on which struct whe_mode depends; hardly any exit has one of them set. */
#define WHE_RFLAGS_MODE (WHE_RFLAGS_VM | WHE_RFLAGS_AC | WHE_RFLAGS_RF | WHE_RFLAGS_TF)

/** @return a number, never 0, that tells apart all modes of exits with none of WHE_RFLAGS_MODE. */
static inline uint64_t whe_mode_key(const WHV_VP_EXIT_CONTEXT *vp)
{
    return ((uint64_t)vp->Cs.Attributes << 16) + vp->ExecutionState.AsUINT16 + 1;
}

/** As whe_mode_key, for all exits. */
static inline uint64_t whe_mode_key_with_flags(const WHV_VP_EXIT_CONTEXT *vp)
{
    return whe_mode_key(vp) | (vp->Rflags & WHE_RFLAGS_MODE) << 32;
}

/** Derives the mode. */
static inline void whe_mode_from_exit(WHV_X64_VP_EXECUTION_STATE state,
                                      const WHV_X64_SEGMENT_REGISTER *cs, uint64_t rflags,
                                      struct whe_mode *mode)
{
    *mode = (struct whe_mode){
        .code = WHE_CODE16, .cpl = (uint8_t)state.Cpl, .long_mode = state.EferLma};
    mode->vm86 = !state.EferLma && state.Cr0Pe && (rflags & WHE_RFLAGS_VM) != 0;
    mode->protected_mode = state.Cr0Pe && !mode->vm86;
    if (state.EferLma && cs->Long) {
        mode->code = WHE_CODE64;
        mode->protected_mode = true;
    } else if (mode->vm86) {
        mode->cpl = 3;
    } else if (cs->Default) {
        /* CS.Default decides between 16 and 32 bits in real mode too. SDM 3A, 21.1.1. */
        mode->code = WHE_CODE32;
    }
    mode->check_alignment = (rflags & WHE_RFLAGS_AC) && mode->cpl == 3 && state.Cr0Am;
    if (state.InterruptShadow)
        mode->specials |= WHE_SPECIAL_SHADOW;
    if (mode->check_alignment || (rflags & (WHE_RFLAGS_RF | WHE_RFLAGS_TF)))
        mode->specials |= WHE_SPECIAL_FLAGS;
}

/** @return the bits of a linear address or of RIP that exist in this mode. */
static inline uint64_t whe_mode_linear_mask(const struct whe_mode *mode)
{
    return mode->code == WHE_CODE64 ? ~UINT64_C(0) : UINT64_C(0xffffffff);
}

#endif
