/* SPDX-License-Identifier: MIT */
#include "decode.h"

#include <stdio.h>

static void init_decoder(enum wht_code code, ZydisDecoder *decoder)
{
    switch (code) {
    case WHT_CODE_64:
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        break;
    case WHT_CODE_32:
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
        break;
    case WHT_CODE_PROT16:
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
        break;
    case WHT_CODE_REAL16:
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_REAL_16, ZYDIS_STACK_WIDTH_16);
        break;
    }
}

bool wht_decode(enum wht_code code, const uint8_t *bytes, size_t count,
                ZydisDecodedInstruction *insn, ZydisDecodedOperand *operands)
{
    ZydisDecoder decoder;
    init_decoder(code, &decoder);
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, count, insn, operands));
}

bool wht_insn_info(enum wht_code code, const uint8_t *bytes, size_t count,
                   struct wht_insn_info *info)
{
    ZydisDecoder decoder;
    ZydisDecodedInstruction insn;
    *info = (struct wht_insn_info){.length = 0};
    init_decoder(code, &decoder);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, ZYAN_NULL, bytes, count, &insn)))
        return false;
    const ZydisInstructionAttributes rep =
        ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
    info->length = insn.length;
    info->is_string_io = insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    info->has_rep = (insn.attributes & rep) != 0;
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

/* False for registers of which a case says nothing by name: RIP, x87, AVX-512, ... */
static bool name_from_zydis(ZydisRegister reg, WHV_REGISTER_NAME *name)
{
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    unsigned id = (unsigned)ZydisRegisterGetId(whole != ZYDIS_REGISTER_NONE ? whole : reg);
    switch (ZydisRegisterGetClass(whole != ZYDIS_REGISTER_NONE ? whole : reg)) {
    case ZYDIS_REGCLASS_GPR64:
        *name = (WHV_REGISTER_NAME)(WHvX64RegisterRax + (int)id);
        return id < 16;
    case ZYDIS_REGCLASS_SEGMENT:
        *name = (WHV_REGISTER_NAME)(WHvX64RegisterEs + (int)id);
        return id < 6;
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
    case ZYDIS_REGCLASS_ZMM:
        *name = (WHV_REGISTER_NAME)(WHvX64RegisterXmm0 + (int)id);
        return id < 16;
    case ZYDIS_REGCLASS_FLAGS:
        *name = WHvX64RegisterRflags;
        return true;
    default:
        return false;
    }
}

static void add_read(ZydisRegister reg, WHV_REGISTER_NAME *names, size_t *count)
{
    WHV_REGISTER_NAME name;
    if (*count == WHT_READS_MAX || !name_from_zydis(reg, &name))
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
    ZydisDecoder decoder;
    ZydisDecodedInstruction insn;
    init_decoder(code, &decoder);
    bool is_good =
        ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, ZYAN_NULL, bytes, count, &insn));
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
    ZydisDecoder decoder;
    ZydisDecodedInstruction insn;
    size_t found = 0;
    init_decoder(code, &decoder);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, ZYAN_NULL, bytes, count, &insn)))
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

static void add_register(ZydisMachineMode mode, ZydisRegister reg, WHV_REGISTER_NAME *names,
                         size_t *count)
{
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(mode, reg);
    ZyanI8 id = reg == ZYDIS_REGISTER_NONE ? -1 : ZydisRegisterGetId(whole);
    ZydisRegisterClass kind = ZydisRegisterGetClass(whole);
    bool is_general = kind == ZYDIS_REGCLASS_GPR64 || kind == ZYDIS_REGCLASS_GPR32 ||
                      kind == ZYDIS_REGCLASS_GPR16;
    if (id >= 0 && is_general && *count < WHT_READS_MAX)
        names[(*count)++] = (WHV_REGISTER_NAME)(WHvX64RegisterRax + id);
}

size_t wht_disasm_addresses(enum wht_code code, const uint8_t *bytes, size_t size,
                            WHV_REGISTER_NAME *names)
{
    const ZydisInstructionAttributes rep =
        ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    size_t count = 0;
    if (!wht_decode(code, bytes, size, &insn, operands))
        return 0;
    for (size_t i = 0; i < insn.operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
            add_register(insn.machine_mode, operand->mem.base, names, &count);
            add_register(insn.machine_mode, operand->mem.index, names, &count);
        }
    }
    if (insn.attributes & rep)
        add_register(insn.machine_mode, ZYDIS_REGISTER_CX, names, &count);
    if (insn.meta.category == ZYDIS_CATEGORY_IO || insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP)
        add_register(insn.machine_mode, ZYDIS_REGISTER_DX, names, &count);
    return count;
}
