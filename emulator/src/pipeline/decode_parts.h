/* SPDX-License-Identifier: MIT */
/**
 * @file decode_parts.h
 * What the parts of the decoder share: from Zydis's words to the emulator's.
 */
#ifndef WHE_DECODE_PARTS_H
#define WHE_DECODE_PARTS_H

#include <Zydis/Zydis.h>

#include "decode.h"
#include "decode_names.h"
#include "insn.h"
#include "mode.h"
#include "translate.h"

static inline bool is_string(const ZydisDecodedInstruction *decoded)
{
    return decoded->meta.category == ZYDIS_CATEGORY_STRINGOP ||
           decoded->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
}

/** @return whether it loads CS: far JMP, CALL and RET, IRET. */
static inline bool is_far(const ZydisDecodedInstruction *decoded)
{
    return decoded->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ||
           (decoded->meta.category == ZYDIS_CATEGORY_RET &&
            decoded->meta.branch_type == ZYDIS_BRANCH_TYPE_NONE);
}

static inline unsigned reg_from_zydis(ZydisRegister reg)
{
    return whe_reg_from_decoder((unsigned)reg);
}

static inline bool is_xmm(ZydisRegister reg)
{
    return reg >= ZYDIS_REGISTER_XMM0 && reg <= ZYDIS_REGISTER_XMM15;
}

static inline bool is_segment(unsigned reg)
{
    return reg >= WHE_REG_ES && reg <= WHE_REG_GS;
}

static inline unsigned intent_from_actions(ZydisOperandActions actions)
{
    unsigned intent = 0;
    if (actions & ZYDIS_OPERAND_ACTION_MASK_READ)
        intent |= WHE_INTENT_READ;
    if (actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
        intent |= WHE_INTENT_WRITE;
    return intent;
}

static inline bool loads_segment(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 &&
           is_segment(reg_from_zydis(operand->reg.value));
}

/**
 * Decodes bytes as whe_decode() does.
 * @param operands receives up to ZYDIS_MAX_OPERAND_COUNT.
 */
enum whe_decoded whe_decode_bytes(const struct whe_mode *mode, const uint8_t *bytes, size_t count,
                                  ZydisDecodedInstruction *decoded, ZydisDecodedOperand *operands);

/** @return an instruction's enum whe_insn_id; WHE_INSN_NONE: it has no row. */
uint16_t whe_decode_row(const ZydisDecodedInstruction *decoded,
                        const ZydisDecodedOperand *operands);

/** @return a mask of 1 << enum whe_exit_kind: the exits that an instruction can have caused, with
 * or without a row of its own. */
uint8_t whe_decode_exits(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                         const ZydisDecodedOperand *operands);

/** Gives what loads CS, and INT n and its kin, the places that the decoder does not tell. */
void whe_decode_far(const struct whe_mode *mode, struct whe_insn *insn);
/** Adds the registers that these look at beyond their operands. */
void whe_far_registers(const struct whe_mode *mode, const struct whe_insn *insn,
                       struct whe_set *set);

/** Gives the operands of ENTER and LEAVE the sizes and places that the decoder does not tell. */
void whe_decode_frame(struct whe_insn *insn);

#endif
