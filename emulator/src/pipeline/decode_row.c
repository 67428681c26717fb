/* SPDX-License-Identifier: MIT */
/* Which row of the table an instruction has. */
#include "decode_parts.h"
#include "decode_processor.h"
#include "result.h"

#define MNEMONICS (ZYDIS_MNEMONIC_MAX_VALUE + 1)

/* By what kind of instruction the mnemonic names, and the mnemonic: MOVSD is also an SSE
   instruction, MOV to a control or debug register another than MOV, and a far JMP another than JMP.
 */
enum { PLAIN, STRING, CONTROL, DEBUG, FAR_BRANCH, KINDS };
static const uint16_t rows[KINDS][MNEMONICS] = {
#define WHE_INSN(id, mnemonic, family, form, kernel, binary, operation, checks, alignment, traits) \
    [WHE_FORM_##form >= WHE_FORM_MOVE       ? STRING                                               \
        : WHE_FORM_##form == WHE_FORM_FAR   ? FAR_BRANCH                                           \
        : ((traits)&WHE_TRAIT_CONTROL_MOVE) ? CONTROL                                              \
        : ((traits)&WHE_TRAIT_DEBUG_MOVE)   ? DEBUG                                                \
                                            : PLAIN][ZYDIS_MNEMONIC_##mnemonic] = WHE_INSN_##id,
#include "rows.def"
};

_Static_assert(WHE_INSN_COUNT <= UINT16_MAX, "ids are kept in 16 bits");
_Static_assert(MNEMONICS <= UINT16_MAX, "mnemonics are kept in 16 bits");

/* What the platform's interface cannot carry of an operand: behind VEX and XOP a write to an XMM
   register clears the rest of the YMM register (SDM 2A, 2.3.10.1). */
static enum whe_result refusal_of(const ZydisDecodedOperand *operand)
{
    if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return WHE_OK;
    switch (ZydisRegisterGetClass(operand->reg.value)) {
    case ZYDIS_REGCLASS_MASK:
        return WHE_NO_AVX512;
    case ZYDIS_REGCLASS_YMM:
        return WHE_NO_UPPER;
    case ZYDIS_REGCLASS_XMM:
        return operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? WHE_NO_UPPER : WHE_OK;
    default:
        return WHE_OK;
    }
}

/* Whether it is what no row can be, and why. */
static enum whe_result refusal(const ZydisDecodedInstruction *decoded,
                               const ZydisDecodedOperand *operands)
{
    if (decoded->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY)
        return WHE_OK;
    if (decoded->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX)
        return WHE_NO_AVX512;
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        const enum whe_result result = refusal_of(&operands[i]);
        if (result != WHE_OK)
            return result;
    }
    return decoded->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX ? WHE_OK : WHE_NO_ROW;
}

static bool is_of(const ZydisDecodedOperand *operand, ZydisRegisterClass class)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           ZydisRegisterGetClass(operand->reg.value) == class;
}

/* @return the kind of instruction that the mnemonic names. */
static unsigned kind_of(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands)
{
    if (is_string(decoded))
        return STRING;
    if (is_far(decoded))
        return FAR_BRANCH;
    if (decoded->mnemonic != ZYDIS_MNEMONIC_MOV)
        return PLAIN;
    for (unsigned i = 0; i < 2; i++) {
        if (is_of(&operands[i], ZYDIS_REGCLASS_CONTROL))
            return CONTROL;
        if (is_of(&operands[i], ZYDIS_REGCLASS_DEBUG))
            return DEBUG;
    }
    return PLAIN;
}

enum whe_result whe_decode_row(const ZydisDecodedInstruction *decoded,
                               const ZydisDecodedOperand *operands, uint16_t *id)
{
    *id = WHE_INSN_NONE;
    WHE_TRY(refusal(decoded, operands));
    *id = rows[kind_of(decoded, operands)][decoded->mnemonic];
    if (*id == WHE_INSN_NONE)
        return WHE_NO_ROW;
    const bool is_native = (whe_rows[*id].traits & WHE_TRAIT_NATIVE) != 0;
    return is_native && !whe_processor_has(decoded->meta.isa_set) ? WHE_NO_FEATURE : WHE_OK;
}
