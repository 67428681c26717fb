/* SPDX-License-Identifier: MIT */
/*
 * What the manuals say about units of the processor: which of them an instruction uses, when it
 * may, and which registers it sees beyond its operands. SDM 2A to 2D; 1, 9 and 10; 3A, 2.5
 * and 13.1.
 */
#include "model.h"

#define CR0_EM     0x4u
#define CR0_TS     0x8u
#define CR4_OSFXSR 0x200u

enum unit { UNIT_NONE, UNIT_SSE, UNIT_MMX, UNIT_BOTH, UNIT_STATE, UNIT_SELECTOR };

static bool has_class(const struct model *model, ZydisRegisterClass kind)
{
    for (unsigned i = 0; i < model->insn.operand_count; i++) {
        const ZydisDecodedOperand *operand = &model->operand[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            ZydisRegisterGetClass(operand->reg.value) == kind)
            return true;
    }
    return false;
}

static enum unit unit_of(const struct model *model)
{
    switch (model->insn.mnemonic) {
    case ZYDIS_MNEMONIC_LAR:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_VERR:
    case ZYDIS_MNEMONIC_VERW:
        return UNIT_SELECTOR;
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64:
        return UNIT_STATE;
    case ZYDIS_MNEMONIC_LDMXCSR:
    case ZYDIS_MNEMONIC_STMXCSR:
        return UNIT_SSE;
    default:
        break;
    }
    const bool has_xmm = has_class(model, ZYDIS_REGCLASS_XMM);
    if (has_class(model, ZYDIS_REGCLASS_MMX))
        return has_xmm ? UNIT_BOTH : UNIT_MMX;
    return has_xmm ? UNIT_SSE : UNIT_NONE;
}

bool model_is_hint(const struct model *model)
{
    switch (model->insn.mnemonic) {
    case ZYDIS_MNEMONIC_NOP:
    case ZYDIS_MNEMONIC_CLDEMOTE:
    case ZYDIS_MNEMONIC_INVLPG:
    case ZYDIS_MNEMONIC_PREFETCHWT1:
        return true;
    default:
        return model->insn.meta.category == ZYDIS_CATEGORY_PREFETCH;
    }
}

bool model_is_line(const struct model *model)
{
    return model->insn.mnemonic == ZYDIS_MNEMONIC_CLFLUSH ||
           model->insn.mnemonic == ZYDIS_MNEMONIC_CLFLUSHOPT ||
           model->insn.mnemonic == ZYDIS_MNEMONIC_CLWB;
}

bool model_selects(const struct model *model)
{
    return unit_of(model) == UNIT_SELECTOR;
}

bool model_restores(const struct model *model)
{
    return model->insn.mnemonic == ZYDIS_MNEMONIC_LDMXCSR ||
           model->insn.mnemonic == ZYDIS_MNEMONIC_FXRSTOR ||
           model->insn.mnemonic == ZYDIS_MNEMONIC_FXRSTOR64;
}

unsigned model_refusal(const struct model *model, struct guest *guest)
{
    const uint64_t cr0 = guest_get64(guest, WHvX64RegisterCr0);
    const bool has_fxsr = guest_get64(guest, WHvX64RegisterCr4) & CR4_OSFXSR;
    const enum unit unit = unit_of(model);
    switch (unit) {
    case UNIT_NONE:
        return 0;
    case UNIT_SELECTOR:
        return model->mode == GUEST_REAL16 || model->mode == GUEST_VM86 ? 6 : 0;
    case UNIT_STATE:
        return cr0 & (CR0_EM | CR0_TS) ? 7 : 0;
    default:
        if ((cr0 & CR0_EM) || (unit != UNIT_MMX && !has_fxsr))
            return 6;
        return cr0 & CR0_TS ? 7 : 0;
    }
}

static bool is_x87(WHV_REGISTER_NAME name)
{
    return name >= WHvX64RegisterFpMmx0 && name <= WHvX64RegisterXmmControlStatus;
}

bool model_sees(const struct model *model, WHV_REGISTER_NAME name)
{
    const enum unit unit = unit_of(model);
    const bool has_x87 = unit == UNIT_MMX || unit == UNIT_BOTH || unit == UNIT_STATE;
    switch ((uint32_t)name) {
    case WHvX64RegisterCr0:
        return unit != UNIT_NONE && unit != UNIT_SELECTOR;
    case WHvX64RegisterCr4:
        return unit == UNIT_SSE || unit == UNIT_BOTH;
    case WHvX64RegisterGdtr:
    case WHvX64RegisterLdtr:
        return unit == UNIT_SELECTOR;
    case WHvX64RegisterXmmControlStatus:
        return has_x87 || model->insn.mnemonic == ZYDIS_MNEMONIC_LDMXCSR ||
               model->insn.mnemonic == ZYDIS_MNEMONIC_STMXCSR;
    default:
        return (has_x87 && is_x87(name)) ||
               (unit == UNIT_STATE && name >= WHvX64RegisterXmm0 && name <= WHvX64RegisterXmm15);
    }
}

bool model_may_change(const struct model *model, WHV_REGISTER_NAME name)
{
    const bool is_save = model->insn.mnemonic == ZYDIS_MNEMONIC_FXSAVE ||
                         model->insn.mnemonic == ZYDIS_MNEMONIC_FXSAVE64 ||
                         model->insn.mnemonic == ZYDIS_MNEMONIC_STMXCSR;
    const bool is_data =
        is_x87(name) || (name >= WHvX64RegisterXmm0 && name <= WHvX64RegisterXmm15);
    return is_data && !is_save && model_sees(model, name);
}

unsigned model_stored(const struct model *model, unsigned size)
{
    if (size != 512)
        return size;
    return model->mode == GUEST_LONG64 ? 416 : 288;
}
