/* SPDX-License-Identifier: MIT */
/**
 * @file assemble.h
 * From one line of assembler to bytes: the Intel syntax that disasm.h writes, and what is usually
 * left out of it (the size of a memory operand beside a register).
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

#endif
