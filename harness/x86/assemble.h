/* SPDX-License-Identifier: MIT */
/**
 * @file assemble.h
 * From one line of assembler to bytes: the Intel syntax that disasm.h writes, and how people write
 * it: sizes left out where they follow, "je", "0b0h", "[4*rcx]", "[fs:0x10]", "st(1)", upper case.
 */
#ifndef WHVTRACE_X86_ASSEMBLE_H
#define WHVTRACE_X86_ASSEMBLE_H

#include "disasm.h"

#define WHT_CODE_MAX 15

/**
 * Encodes an instruction, in the shortest of its forms.
 * @param bytes receives WHT_CODE_MAX bytes.
 * @param error receives what is wrong (128 bytes).
 * @return its length, or 0.
 */
size_t wht_assemble(enum wht_code code, const char *text, uint8_t *bytes, char *error);

/**
 * Whether a text is one for an instruction that is known: also where it does not tell the size of a
 * memory operand, or names a segment that is meant anyway.
 * @param spelled what wht_disasm() writes of the instruction.
 */
bool wht_assembles_to(enum wht_code code, const char *text, const char *spelled);

#endif
