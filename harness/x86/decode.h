/* SPDX-License-Identifier: MIT */
/**
 * @file decode.h
 * Zydis, set up for code of a mode, and its registers by the names of a case. For this folder
 * alone: nobody else sees Zydis's types.
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

/** The same without operands. */
bool wht_decode_insn(enum wht_code code, const uint8_t *bytes, size_t count,
                     ZydisDecodedInstruction *insn);

/** @return whether it has a REP prefix that counts. */
bool wht_decoded_rep(const ZydisDecodedInstruction *insn);

/**
 * Names the whole register that a register is part of.
 * @return false for those of which a case says nothing by name: x87, MMX, AVX-512, control
 * registers, none.
 */
bool wht_reg_from_zydis(ZydisRegister reg, WHV_REGISTER_NAME *name);

#endif
