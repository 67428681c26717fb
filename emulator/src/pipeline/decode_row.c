/* SPDX-License-Identifier: MIT */
/* Which row of the table an instruction has. */
#include "decode_parts.h"

#define MNEMONICS (ZYDIS_MNEMONIC_MAX_VALUE + 1)

/* By what kind of instruction the mnemonic names, and the mnemonic: MOVSD is also an SSE
   instruction, MOV to a control register another than MOV, and a far JMP another than JMP. */
enum { PLAIN, STRING, CONTROL, FAR_BRANCH, KINDS };
static const uint16_t rows[KINDS][MNEMONICS] = {
#define WHE_INSN(id, mnemonic, family, form, kernel, binary, operation, checks, alignment, traits) \
    [WHE_FORM_##form >= WHE_FORM_MOVE       ? STRING                                               \
        : WHE_FORM_##form == WHE_FORM_FAR   ? FAR_BRANCH                                           \
        : ((traits)&WHE_TRAIT_CONTROL_MOVE) ? CONTROL                                              \
                                            : PLAIN][ZYDIS_MNEMONIC_##mnemonic] = WHE_INSN_##id,
#include "rows.def"
};

_Static_assert(WHE_INSN_COUNT <= UINT16_MAX, "ids are kept in 16 bits");
_Static_assert(MNEMONICS <= UINT16_MAX, "mnemonics are kept in 16 bits");
/* @return whether it needs or changes state that the platform's interface cannot carry: behind VEX
   a write to an XMM register clears the rest of the YMM register (SDM 2A, 2.3.10.1). */
static bool is_beyond_interface(const ZydisDecodedInstruction *decoded,
                                const ZydisDecodedOperand *operands)
{
    if (decoded->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX)
        return decoded->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY;
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER && is_xmm(operands[i].reg.value) &&
            (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            return true;
    }
    return false;
}

static bool is_control(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_CONTROL;
}

static unsigned kind_of(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands)
{
    if (is_string(decoded))
        return STRING;
    if (is_far(decoded))
        return FAR_BRANCH;
    const bool moves_control = decoded->mnemonic == ZYDIS_MNEMONIC_MOV &&
                               (is_control(&operands[0]) || is_control(&operands[1]));
    return moves_control ? CONTROL : PLAIN;
}

uint16_t whe_decode_row(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands)
{
    if (is_beyond_interface(decoded, operands))
        return WHE_INSN_NONE;
    return rows[kind_of(decoded, operands)][decoded->mnemonic];
}
