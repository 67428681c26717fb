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
#include "insn.h"

/** As whe_fetch, for an instruction that the exit's bytes do not find in the cache. */
enum whe_result whe_fetch_new(struct whe_call *call, const struct whe_insn **insn);

/**
 * Finds or decodes the instruction at CS:RIP.
 *
 * Missing bytes are fetched to the end of the page, of 15 bytes or of the CS limit, in pieces of up
 * to 8; the next page only if the decoder asks for more.
 *
 * @param insn receives the instruction; it lives until the next call on the handle.
 * @return WHE_OK, also for an instruction without a row; WHE_FAULT (#GP(0) past the limit or 15
 * bytes, #PF, #UD for an illegal LOCK and, on an execute exit, for bytes that are no instruction);
 *         WHE_UNSUPPORTED for those on other exits, where the processor knew better than the
 * decoder.
 */
static inline enum whe_result whe_fetch(struct whe_call *call, const struct whe_insn **insn)
{
    const struct whe_exit *exit = &call->exit;
    const struct whe_insn *found =
        whe_cache_find(call->cache, &call->mode, exit->rip, exit->bytes, exit->byte_count);
    if (found) {
        *insn = found;
        return WHE_OK;
    }
    const struct whe_insn *decoded;
    WHE_TRY(whe_fetch_new(call, &decoded));
    *insn = decoded;
    return WHE_OK;
}

#endif
