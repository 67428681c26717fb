/* SPDX-License-Identifier: MIT */
#include "decode.h"

#include <stdio.h>

bool wht_insn_info(enum wht_code code, const uint8_t *bytes, size_t count,
                   struct wht_insn_info *info)
{
    ZydisDecodedInstruction insn;
    *info = (struct wht_insn_info){.length = 0};
    if (!wht_decode_insn(code, bytes, count, &insn))
        return false;
    info->length = insn.length;
    info->is_string_io = insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    info->has_rep = wht_decoded_rep(&insn);
    return true;
}

bool wht_disasm(enum wht_code code, const uint8_t *bytes, size_t count, char *buf, size_t n,
                uint8_t *length)
{
    ZydisFormatter formatter;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
    bool is_good = wht_decode(code, bytes, count, &insn, operands);
    if (length)
        *length = is_good ? insn.length : 0;
    if (!is_good || !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
                        &formatter, &insn, operands, insn.operand_count_visible, buf, n,
                        ZYDIS_RUNTIME_ADDRESS_NONE, ZYAN_NULL))) {
        snprintf(buf, n, "(no instruction)");
        return false;
    }
    return true;
}

static void add_read(ZydisRegister reg, WHV_REGISTER_NAME *names, size_t *count)
{
    WHV_REGISTER_NAME name;
    if (*count == WHT_READS_MAX || !wht_reg_from_zydis(reg, &name) || name == WHvX64RegisterRip)
        return;
    for (size_t i = 0; i < *count; i++)
        if (names[i] == name)
            return;
    names[(*count)++] = name;
}

size_t wht_disasm_reads(enum wht_code code, const uint8_t *bytes, size_t size,
                        WHV_REGISTER_NAME *names)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    size_t count = 0;
    if (!wht_decode(code, bytes, size, &insn, operands))
        return 0;
    for (unsigned i = 0; i < insn.operand_count; i++) {
        const ZydisDecodedOperand *o = &operands[i];
        /* A narrow write keeps the rest, so what was there counts. */
        bool is_read = (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ) || o->size < 32;
        if (o->type == ZYDIS_OPERAND_TYPE_REGISTER && is_read)
            add_read(o->reg.value, names, &count);
        if (o->type != ZYDIS_OPERAND_TYPE_MEMORY)
            continue;
        add_read(o->mem.base, names, &count);
        add_read(o->mem.index, names, &count);
        add_read(o->mem.segment, names, &count);
    }
    return count;
}

void wht_mnemonic_of(enum wht_code code, const uint8_t *bytes, size_t count, char *buf, size_t n)
{
    ZydisDecodedInstruction insn;
    bool is_good = wht_decode_insn(code, bytes, count, &insn);
    snprintf(buf, n, "%s", is_good ? ZydisMnemonicGetString(insn.mnemonic) : "none");
}

size_t wht_undefined_flags(enum wht_code code, const uint8_t *bytes, size_t count,
                           const char **names)
{
    static const struct {
        ZydisAccessedFlagsMask flag;
        const char *name;
    } flags[] = {{ZYDIS_CPUFLAG_CF, "cf"}, {ZYDIS_CPUFLAG_PF, "pf"}, {ZYDIS_CPUFLAG_AF, "af"},
                 {ZYDIS_CPUFLAG_ZF, "zf"}, {ZYDIS_CPUFLAG_SF, "sf"}, {ZYDIS_CPUFLAG_OF, "of"}};
    ZydisDecodedInstruction insn;
    size_t found = 0;
    if (!wht_decode_insn(code, bytes, count, &insn))
        return 0;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (insn.cpu_flags && (insn.cpu_flags->undefined & flags[i].flag))
            names[found++] = flags[i].name;
    }
    return found;
}

bool wht_touches_memory(enum wht_code code, const uint8_t *bytes, size_t count, bool *is_known)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    *is_known = wht_decode(code, bytes, count, &insn, operands);
    if (!*is_known || insn.meta.category == ZYDIS_CATEGORY_INTERRUPT)
        return false;
    for (size_t i = 0; i < insn.operand_count; i++)
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            operands[i].mem.type == ZYDIS_MEMOP_TYPE_MEM && operands[i].actions)
            return true;
    return false;
}

static void add_general(ZydisRegister reg, WHV_REGISTER_NAME *names, size_t *count)
{
    WHV_REGISTER_NAME name;
    if (*count < WHT_READS_MAX && wht_reg_from_zydis(reg, &name) && name <= WHvX64RegisterR15)
        names[(*count)++] = name;
}

size_t wht_disasm_addresses(enum wht_code code, const uint8_t *bytes, size_t size,
                            WHV_REGISTER_NAME *names)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    size_t count = 0;
    if (!wht_decode(code, bytes, size, &insn, operands))
        return 0;
    for (size_t i = 0; i < insn.operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
            add_general(operand->mem.base, names, &count);
            add_general(operand->mem.index, names, &count);
        }
    }
    if (wht_decoded_rep(&insn))
        add_general(ZYDIS_REGISTER_CX, names, &count);
    if (insn.meta.category == ZYDIS_CATEGORY_IO || insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP)
        add_general(ZYDIS_REGISTER_DX, names, &count);
    return count;
}
