/* SPDX-License-Identifier: MIT */
/* A run with all exceptions masked, and which of them there were. */
#include "fp_masked.h"

#ifdef __x86_64__

/* Of the guest's MXCSR what changes results. */
#define KEPT (WHE_MXCSR_DAZ | WHE_MXCSR_RC | WHE_MXCSR_FTZ)

/* Whether one of four halves is: what is neither inexact, which U tells, nor flushed. */
static bool has_tiny_half(uint64_t halves)
{
    for (; halves != 0; halves >>= 16) {
        if ((halves & 0x7c00) == 0 && (halves & 0x3ff) != 0)
            return true;
    }
    return false;
}

/* While U is masked, what is tiny and exact is not told: flushing tells it, which does nothing else
   to flags while U is not. Halves tell it themselves. */
unsigned whe_fp_masked(const struct whe_fp_row *row, struct whe_fp *fp, uint32_t mxcsr)
{
    struct whe_fp again = *fp;
    fp->control = (mxcsr & KEPT) | WHE_MXCSR_MASKS;
    row->run(fp);
    if (!(whe_fp_open(mxcsr) & WHE_MXCSR_UE) || (fp->flags & whe_fp_open(mxcsr) & WHE_FP_BEFORE))
        return fp->flags;
    if (row->sum == WHE_SUM_HALF)
        return fp->flags | (has_tiny_half(fp->general) ? WHE_MXCSR_UE : 0u);
    again.control = fp->control | WHE_MXCSR_FTZ;
    row->run(&again);
    return fp->flags | (again.flags & WHE_MXCSR_UE);
}

#endif
