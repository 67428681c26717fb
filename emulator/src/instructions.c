/* SPDX-License-Identifier: MIT */
#include <whvemu/instructions.h>

#include "decode.h"
#include "insn.h"

static const struct whvemu_instruction rows[] = {
#define WHE_STRING(id, mnemonic, handler, operation, traits) {#mnemonic, true, traits},
#define WHE_INSN(id, mnemonic, handler, operation, traits)   {#mnemonic, false, traits},
#include "insn_table.def"
};

size_t whvemu_instruction_count(void)
{
    return sizeof(rows) / sizeof(rows[0]);
}

struct whvemu_instruction whvemu_instruction(size_t row)
{
    return rows[row];
}

const char *whvemu_trait_name(unsigned bit)
{
    switch (bit) {
    case WHE_TRAIT_PORT:
        return "port";
    case WHE_TRAIT_REPEATS:
        return "repeats";
    case WHE_TRAIT_BIT_STRING:
        return "bit-string";
    case WHE_TRAIT_BYTE_INDEX:
        return "byte-index";
    case WHE_TRAIT_STACK:
        return "stack";
    case WHE_TRAIT_ALIGN16:
        return "aligned";
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
    *decoded = (struct whvemu_decoded){.row = (size_t)insn.id - 1, /* WHE_INSN_NONE is 0 */
                                       .length = insn.length,
                                       .repeats = insn.repeats,
                                       .element_size = insn.element_size};
    /* The decoder gives INC and DEC a second operand that no encoding has. */
    const bool is_unary = insn.operation == WHE_OP_INC || insn.operation == WHE_OP_DEC;
    for (unsigned i = 0; i < (is_unary ? 1 : WHVEMU_OPERANDS); i++) {
        decoded->operand[i].kind = insn.operand[i].kind;
        decoded->operand[i].size = insn.operand[i].size;
    }
    return true;
}
