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
