/* SPDX-License-Identifier: MIT */
/**
 * @file decode.h
 * Zydis, set up for code of a mode. For disasm*.c alone: nobody else sees Zydis's types.
 */
#ifndef WHVTRACE_X86_DECODE_H
#define WHVTRACE_X86_DECODE_H

#include <Zydis/Zydis.h>

#include "disasm.h"

/**
 * Decodes one instruction with all its operands.
 * @param operands receives up to ZYDIS_MAX_OPERAND_COUNT.
 * @return false if the bytes are none.
 */
bool wht_decode(enum wht_code code, const uint8_t *bytes, size_t count,
                ZydisDecodedInstruction *insn, ZydisDecodedOperand *operands);

#endif
