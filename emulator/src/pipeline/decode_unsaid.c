/* SPDX-License-Identifier: MIT */
/* Registers that the decoder does not tell of: bases, what SWAPGS swaps, what RDPID reads. */
#include "bits.h"
#include "decode_parts.h"

static void add(struct whe_insn *insn, enum whe_operand_kind kind, enum whe_reg reg,
                unsigned intent)
{
    const unsigned number = insn->operand_count++;
    insn->operand[number] = (struct whe_operand){.kind = (uint8_t)kind,
                                                 .reg = (uint8_t)reg,
                                                 .access = (uint8_t)intent,
                                                 .is_hidden = true,
                                                 .is_unsaid = true,
                                                 .size = 8,
                                                 .mask = whe_mask_from_size(8)};
    insn->inputs |= (uint8_t)(1u << number);
    if (intent & WHE_INTENT_WRITE)
        insn->writes |= (uint8_t)(1u << number);
}

/* Of a base that is written the rest of the segment stays. */
void whe_decode_unsaid(struct whe_insn *insn)
{
    const unsigned all = WHE_INTENT_READ | WHE_INTENT_WRITE;
    const unsigned intent = insn->writes ? WHE_INTENT_READ : all;
    switch (insn->operation) {
    case WHE_FS_BASE:
        add(insn, WHE_OPERAND_BASE, WHE_REG_FS, intent);
        break;
    case WHE_GS_BASE:
        add(insn, WHE_OPERAND_BASE, WHE_REG_GS, intent);
        break;
    case WHE_GS_BASES:
        add(insn, WHE_OPERAND_BASE, WHE_REG_GS, all);
        add(insn, WHE_OPERAND_CONTROL, WHE_REG_KERNEL_GS_BASE, all);
        break;
    default:
        add(insn, WHE_OPERAND_CONTROL, WHE_REG_TSC_AUX, WHE_INTENT_READ);
        break;
    }
}
