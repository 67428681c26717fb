/* SPDX-License-Identifier: MIT */
/**
 * @file fetch.h
 * Getting the instruction: from the exit's bytes, and from memory at CS:RIP where those end too
 * early.
 */
#ifndef WHE_FETCH_H
#define WHE_FETCH_H

#include "call.h"
#include "decode_cache.h"
#include "fast.h"
#include "insn.h"
#include "linear.h"

/** What an exit that brings no bytes begins with. */
#define WHE_FETCH_FIRST 8u

/**
 * Finds the first bytes of code in a device, of an execute exit that brings none: in the page that
 * the exit tells of, which the processor has translated and found to be code.
 * @param mode of the exit.
 * @param gpa  receives where they are.
 * @return false where there is more to it: whe_fetch() knows that.
 */
static inline bool whe_fetch_is_told(const struct whe_mode *mode, const WHV_VP_EXIT_CONTEXT *vp,
                                     const WHV_MEMORY_ACCESS_CONTEXT *access, uint64_t *gpa)
{
    static const WHV_MEMORY_ACCESS_INFO told = {.AccessType = WHvMemoryAccessExecute,
                                                .GvaValid = 1};
    const bool is_code64 = mode->code == WHE_CODE64;
    const uint64_t linear = is_code64 ? vp->Rip : (vp->Cs.Base + vp->Rip) & 0xffffffff;
    const uint64_t below = linear & WHE_PAGE_MASK;
    const bool is_allowed =
        is_code64 ? whe_is_canonical48(linear)
                  : vp->Rip <= vp->Cs.Limit && vp->Cs.Limit - vp->Rip >= WHE_FETCH_FIRST - 1;
    *gpa = (access->Gpa & ~WHE_PAGE_MASK) | below;
    return access->InstructionByteCount == 0 &&
           whe_fast_key(access->AccessInfo) == whe_fast_key(told) && is_allowed &&
           ((access->Gva ^ access->Gpa) & WHE_PAGE_MASK) == 0 &&
           access->Gva - linear + below <= WHE_PAGE_MASK &&
           below <= WHE_PAGE_SIZE - WHE_FETCH_FIRST;
}

/**
 * Finds or decodes the instruction at CS:RIP, where the exit's bytes do not find it in the cache.
 *
 * Missing bytes are fetched in pieces of 8, 4, 2 or 1 bytes, as large as the end of the page, of 15
 * bytes and of the CS limit allow. After each piece the decoder is asked again, so that nothing
 * beyond it, and no further page, is touched once the instruction is whole.
 *
 * @param call  call->mode is set.
 * @param cache of the handle.
 * @param insn receives the instruction; it lives until the next call on the handle.
 * @return WHE_OK, also for an instruction without a row; WHE_FAULT (#GP(0) past the limit or 15
 * bytes, #PF, #UD for an illegal LOCK and, on an execute exit, for bytes that are no instruction);
 *         WHE_NO_INSTRUCTION for those on other exits, where the processor knew better than the
 * decoder.
 */
enum whe_result whe_fetch(struct whe_call *call, struct whe_decode_cache *cache,
                          const struct whe_insn **insn);

#endif
