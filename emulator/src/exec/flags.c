/* SPDX-License-Identifier: MIT */
#include "flags.h"

#include "bits.h"
#include "control.h"
#include "rflags.h"

static bool has_little_privilege(const struct whe_mode *mode, uint64_t rflags)
{
    return mode->vm86 && (rflags & WHE_RFLAGS_IOPL) != WHE_RFLAGS_IOPL;
}

bool whe_flags_are_virtual(const struct whe_mode *mode, unsigned size, uint64_t rflags,
                           uint64_t cr4)
{
    return has_little_privilege(mode, rflags) && (cr4 & WHE_CR4_VME) && size == 2;
}

bool whe_flags_are_refused(const struct whe_mode *mode, unsigned size, uint64_t rflags,
                           uint64_t cr4)
{
    return has_little_privilege(mode, rflags) && !whe_flags_are_virtual(mode, size, rflags, cr4);
}

/* @return the flags that POPF may change. */
static uint64_t popped_flags(const struct whe_mode *mode, uint64_t rflags)
{
    const unsigned iopl = rflags >> WHE_RFLAGS_IOPL_SHIFT & 3;
    uint64_t flags = WHE_RFLAGS_STATUS | WHE_RFLAGS_TF | WHE_RFLAGS_DF | WHE_RFLAGS_NT |
                     WHE_RFLAGS_AC | WHE_RFLAGS_ID;
    if (mode->cpl == 0)
        flags |= WHE_RFLAGS_IOPL;
    if (mode->cpl <= iopl)
        flags |= WHE_RFLAGS_IF;
    return flags;
}

bool whe_flags_pop(const struct whe_mode *mode, unsigned size, uint64_t cr4, uint64_t popped,
                   uint64_t more, uint64_t *rflags)
{
    uint64_t mask = (popped_flags(mode, *rflags) | more) & whe_mask_from_size(size);
    if (whe_flags_are_virtual(mode, size, *rflags, cr4)) {
        const bool is_wanted = (popped & WHE_RFLAGS_IF) != 0;
        if ((popped & WHE_RFLAGS_TF) || (is_wanted && (*rflags & WHE_RFLAGS_VIP)))
            return false;
        mask = (mask & ~WHE_RFLAGS_IF) | WHE_RFLAGS_VIF;
        popped = (popped & ~WHE_RFLAGS_VIF) | (is_wanted ? WHE_RFLAGS_VIF : 0);
    }
    *rflags = (*rflags & ~(mask | WHE_RFLAGS_RF)) | (popped & mask);
    return true;
}
