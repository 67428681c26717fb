/* SPDX-License-Identifier: MIT */
/**
 * @file rep.h
 * Counting the iterations of a string instruction, with or without REP.
 *
 *     struct whe_rep rep;
 *     for (whe_rep_begin(call, insn, &rep); rep.left > 0; whe_rep_step(&rep))
 *         ... one element ...
 *     whe_rep_end(call, insn, &rep);
 *
 * Only finished iterations are counted, so that whe_rep_end also serves an element that faulted.
 */
#ifndef WHE_REP_H
#define WHE_REP_H

#include "call.h"
#include "run.h"

struct whe_rep {
    /** Iterations that this call has still to do. */
    uint64_t left;
    /** RCX, or 1 without REP. */
    uint64_t count;
    uint64_t done;
    bool is_stopped;
};

/** Reads the count. With TF set only one iteration is done per call: each ends in its trap. SDM
 * 3B, 18.3.1.4. */
static inline void whe_rep_begin(const struct whe_call *call, const struct whe_insn *insn,
                                 struct whe_rep *rep)
{
    rep->count = 1;
    if (insn->repeats)
        rep->count = whe_reg_get(&call->regs, WHE_REG_RCX) & insn->address_mask;
    rep->left = rep->count;
    if ((call->vp->Rflags & WHE_RFLAGS_TF) && rep->left > 1)
        rep->left = 1;
    rep->done = 0;
    rep->is_stopped = false;
}

/** Makes the iteration at hand the last: the condition of REPE or REPNE has failed. */
static inline void whe_rep_stop(struct whe_rep *rep)
{
    rep->left = 1;
    rep->is_stopped = true;
}

static inline void whe_rep_step(struct whe_rep *rep)
{
    rep->left--;
    rep->done++;
}

/** Writes rCX back if an iteration was done, and notes whether iterations remain. */
static inline void whe_rep_end(struct whe_call *call, const struct whe_insn *insn,
                               const struct whe_rep *rep)
{
    if (rep->done != rep->count && !rep->is_stopped)
        call->mode.specials |= WHE_SPECIAL_UNFINISHED;
    if (insn->repeats && rep->done > 0)
        whe_gpr_write(&call->regs, WHE_REG_RCX, insn->address_mask, 0, rep->count - rep->done);
}

/** @return what rSI and rDI advance by: the element size, in two's complement with DF = 1. */
static inline uint64_t whe_string_step(const struct whe_call *call, const struct whe_insn *insn)
{
    const uint64_t size = whe_element_size(insn);
    return call->vp->Rflags & WHE_RFLAGS_DF ? -size : size;
}

#endif
