/* SPDX-License-Identifier: MIT */
/**
 * @file assemble_parts.h
 * Inside the assembler: from text to what the encoder is asked (assemble_text.c), and from there to
 * bytes (assemble.c).
 */
#ifndef WHVTRACE_X86_ASSEMBLE_PARTS_H
#define WHVTRACE_X86_ASSEMBLE_PARTS_H

#include "assemble.h"
#include "decode.h"

#define WHT_ASSEMBLE_ERROR_MAX 128

struct wht_assembler {
    const char *at;
    char *error;
    ZydisEncoderRequest request;
    /** Of a memory operand that does not tell; 0: that of the register beside it. */
    uint16_t size;
    bool lacks_size;
    /** A segment that an address has anyway is no prefix. */
    bool drops_segments;
};

/** @return whether it is 64-bit code. */
static inline bool wht_assembles_long(const struct wht_assembler *a)
{
    return a->request.machine_mode == ZYDIS_MACHINE_MODE_LONG_64;
}

/** @return whether it is 16-bit code. */
static inline bool wht_assembles_16_bit(const struct wht_assembler *a)
{
    return !wht_assembles_long(a) && a->request.machine_mode != ZYDIS_MACHINE_MODE_LEGACY_32;
}

/** Writes what is wrong. @return false. */
__attribute__((format(printf, 2, 3))) bool wht_assemble_fail(struct wht_assembler *a,
                                                             const char *format, ...);

/** Takes prefixes, a mnemonic and operands from a->at into a->request. @return false after saying
 * what is wrong. */
bool wht_assemble_take(struct wht_assembler *a);

#endif
