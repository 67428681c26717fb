/* SPDX-License-Identifier: MIT */
#include <whvemu/instructions.h>

#include <string.h>

#include "decode.h"
#include "insn.h"

/* Traits of rows that are told, and what is told of a row beyond them. */
#define TOLD    0x1fu
#define ALIGNED 0x20u
#define REPEATS 0x40u
#define STACK   0x80u

size_t whvemu_instruction_count(void)
{
    return WHE_INSN_COUNT - 1; /* without WHE_INSN_NONE */
}

struct whvemu_instruction whvemu_instruction(size_t row)
{
    const struct whe_row *from = &whe_rows[row + 1];
    struct whvemu_instruction to = {.mnemonic = from->mnemonic,
                                    .family = from->family,
                                    .is_string = from->form >= WHE_FORM_MOVE,
                                    .traits = from->traits & TOLD};
    if (from->alignment != 0)
        to.traits |= ALIGNED;
    if (to.is_string)
        to.traits |= REPEATS;
    if (strcmp(from->family, "stack") == 0)
        to.traits |= STACK;
    return to;
}

const char *whvemu_trait_name(unsigned bit)
{
    switch (bit) {
    case WHE_TRAIT_PORT:
        return "port";
    case WHE_TRAIT_BIT_STRING:
        return "bit-string";
    case WHE_TRAIT_AL_INDEX:
        return "byte-index";
    case WHE_TRAIT_TO_ES:
        return "to-es";
    case WHE_TRAIT_SELECTOR:
        return "selector";
    case ALIGNED:
        return "aligned";
    case REPEATS:
        return "repeats";
    case STACK:
        return "stack";
    default:
        return NULL;
    }
}

static struct whe_mode mode_from_code(enum whvemu_code code)
{
    const WHV_X64_VP_EXECUTION_STATE state = {.Cr0Pe = code != WHVEMU_CODE_REAL16,
                                              .EferLma = code == WHVEMU_CODE_64};
    const WHV_X64_SEGMENT_REGISTER cs = {.Default = code == WHVEMU_CODE_32,
                                         .Long = code == WHVEMU_CODE_64};
    struct whe_mode mode;
    whe_mode_from_exit(state, &cs, 2, &mode);
    return mode;
}

static uint8_t told_kind(const struct whe_operand *operand)
{
    switch (operand->kind) {
    case WHE_OPERAND_MMX:
        return WHVEMU_OPERAND_MMX;
    case WHE_OPERAND_ST:
        return WHVEMU_OPERAND_ST;
    case WHE_OPERAND_ADDRESS:
        return WHVEMU_OPERAND_MEMORY;
    case WHE_OPERAND_CONTROL:
        return WHVEMU_OPERAND_GPR;
    default:
        return operand->kind <= WHE_OPERAND_IMMEDIATE ? operand->kind : WHVEMU_OPERAND_NONE;
    }
}

bool whvemu_decode(enum whvemu_code code, const uint8_t *bytes, size_t count,
                   struct whvemu_decoded *decoded)
{
    const struct whe_mode mode = mode_from_code(code);
    struct whe_insn insn;
    if (count > WHE_INSN_MAX)
        count = WHE_INSN_MAX;
    if (count == 0 || whe_decode(&mode, bytes, count, &insn) != WHE_DECODED_OK ||
        insn.id == WHE_INSN_NONE)
        return false;
    const bool has_elements = insn.form >= WHE_FORM_MOVE;
    *decoded = (struct whvemu_decoded){.row = (size_t)insn.id - 1, /* WHE_INSN_NONE is 0 */
                                       .length = insn.length,
                                       .repeats = insn.repeats,
                                       .element_size =
                                           (uint8_t)(has_elements ? insn.memory[0].place.size : 0)};
    unsigned taken = 0;
    for (unsigned i = 0; i < insn.operand_count && taken < WHVEMU_OPERANDS; i++) {
        const struct whe_operand *operand = &insn.operand[i];
        /* XLAT has none but hidden ones, of which the accumulator is the first in print. */
        if (operand->is_hidden && !(insn.traits & WHE_TRAIT_AL_INDEX))
            continue;
        decoded->operand[taken].kind = told_kind(operand);
        decoded->operand[taken++].size = (uint8_t)(operand->size <= UINT8_MAX ? operand->size : 0);
    }
    return true;
}
