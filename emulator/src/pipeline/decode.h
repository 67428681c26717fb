/* SPDX-License-Identifier: MIT */
/**
 * @file decode.h
 * From bytes to struct whe_insn. Its sources are the only users of Zydis in the emulator.
 */
#ifndef WHE_DECODE_H
#define WHE_DECODE_H

#include <stddef.h>

#include "insn.h"
#include "mode.h"

#define WHE_INSN_MAX 15 /* SDM 2A, 2.3.11 */

enum whe_decoded {
    WHE_DECODED_OK,
    /** The instruction goes on after the bytes at hand. */
    WHE_DECODED_MORE,
    /** More than 15 bytes. */
    WHE_DECODED_TOO_LONG,
    /** LOCK before an instruction that does not take it. */
    WHE_DECODED_BAD_LOCK,
    WHE_DECODED_INVALID
};

/**
 * Decodes one instruction.
 * @param bytes count bytes, 1 to 15.
 * @param insn  written only if the result is WHE_DECODED_OK; an instruction without a row has the
 * id WHE_INSN_NONE.
 */
enum whe_decoded whe_decode(const struct whe_mode *mode, const uint8_t *bytes, size_t count,
                            struct whe_insn *insn);

#endif
