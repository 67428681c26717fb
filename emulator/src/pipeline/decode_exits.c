/* SPDX-License-Identifier: MIT */
/*
 * Which exits an instruction can have caused: by its operands, and by what access_table.def tells.
 */
#include "call.h"
#include "decode_parts.h"

/* What access_table.def says of an instruction: whether its memory operands are accessed, and what
   is accessed besides. */
static bool accesses_operands(ZydisMnemonic mnemonic, unsigned *accesses)
{
    switch (mnemonic) {
#define WHE_ACCESS(mnemonic, operands, others)                                                     \
    case ZYDIS_MNEMONIC_##mnemonic:                                                                \
        *accesses |= (others);                                                                     \
        return (operands) != 0;
#include "access_table.def"
    default:
        return true;
    }
}

/* Descriptors, gates, the TSS: read and, for their accessed and busy bits, written. */
static bool uses_descriptors(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded)
{
    return decoded->meta.category == ZYDIS_CATEGORY_INTERRUPT ||
           (mode->protected_mode && is_far(decoded));
}

/* The permission map is read unless CPL or the mode allow everything. */
static bool uses_port_map(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded)
{
    return (decoded->meta.category == ZYDIS_CATEGORY_IO ||
            decoded->meta.category == ZYDIS_CATEGORY_IOSTRINGOP) &&
           (mode->vm86 || (mode->protected_mode && mode->cpl > 0));
}

/* @return a mask of whe_intent: what data accesses the instruction can make, with or without a row
   of its own. */
static unsigned data_accesses(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                              const ZydisDecodedOperand *operands)
{
    const unsigned all = WHE_INTENT_READ | WHE_INTENT_WRITE;
    unsigned accesses = 0;
    bool are_accessed = accesses_operands(decoded->mnemonic, &accesses);
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY && are_accessed)
            accesses |= operands[i].mem.type == ZYDIS_MEMOP_TYPE_MIB
                            ? all
                            : intent_from_actions(operands[i].actions);
        if (mode->protected_mode && loads_segment(&operands[i]))
            accesses |= all;
    }
    if (uses_descriptors(mode, decoded))
        accesses |= all;
    if (uses_port_map(mode, decoded))
        accesses |= WHE_INTENT_READ;
    return accesses;
}

/* Code may run from a device whatever it does. A port access that is no string operation is never
   decoded. */
uint8_t whe_decode_exits(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                         const ZydisDecodedOperand *operands)
{
    const unsigned accesses = data_accesses(mode, decoded, operands);
    unsigned exits = 1u << WHE_EXIT_EXECUTE;
    if (accesses & WHE_INTENT_READ)
        exits |= 1u << WHE_EXIT_READ;
    if (accesses & WHE_INTENT_WRITE)
        exits |= 1u << WHE_EXIT_WRITE;
    if (decoded->meta.category == ZYDIS_CATEGORY_IOSTRINGOP)
        exits |= 1u << WHE_EXIT_IO;
    return (uint8_t)exits;
}
