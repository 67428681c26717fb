/* SPDX-License-Identifier: MIT */
/*
 * What the manuals say about units of the processor: which of them an instruction uses, when it
 * may, and which registers it sees beyond its operands. SDM 2A to 2D; 1, 9 and 10; 3A, 2.5
 * and 13.1.
 */
#include "model.h"

#define CR0_MP         0x2u
#define CR0_EM         0x4u
#define CR0_TS         0x8u
#define CR4_OSFXSR     0x200u
#define CR4_OSXMMEXCPT 0x400u
#define CR4_XSAVE      0x40000u
#define XCR0_AVX       0x6u /* and SSE */
#define MXCSR_MASKS    0x1f80u

enum unit {
    UNIT_NONE,
    UNIT_SSE,
    UNIT_MMX,
    UNIT_BOTH,
    UNIT_X87,
    UNIT_WAIT,
    UNIT_STATE,
    UNIT_SELECTOR,
    UNIT_VEX
};

/* With MMX registers; the decoder tells of no class. SDM 3B, 23.25.3. */
static bool converts(const struct model *model)
{
    switch (model->insn.mnemonic) {
    case ZYDIS_MNEMONIC_CVTPI2PS:
    case ZYDIS_MNEMONIC_CVTPS2PI:
    case ZYDIS_MNEMONIC_CVTTPS2PI:
    case ZYDIS_MNEMONIC_CVTPD2PI:
    case ZYDIS_MNEMONIC_CVTTPD2PI:
        return true;
    default:
        return false;
    }
}

/* Exceptions of types 2 and 3 are those that compute: SDM 2A, 2.4. */
static bool computes(const struct model *model)
{
    return model->insn.meta.exception_class == ZYDIS_EXCEPTION_CLASS_SSE2 ||
           model->insn.meta.exception_class == ZYDIS_EXCEPTION_CLASS_SSE3 ||
           model->insn.meta.exception_class == ZYDIS_EXCEPTION_CLASS_AVX2 ||
           model->insn.meta.exception_class == ZYDIS_EXCEPTION_CLASS_AVX3 || converts(model);
}

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
    case ZYDIS_MNEMONIC_VLDMXCSR:
    case ZYDIS_MNEMONIC_VSTMXCSR:
        return UNIT_VEX;
    case ZYDIS_MNEMONIC_FWAIT:
        return UNIT_WAIT;
    case ZYDIS_MNEMONIC_EMMS:
        return UNIT_MMX;
    default:
        break;
    }
    if (model->insn.meta.category == ZYDIS_CATEGORY_X87_ALU ||
        model->insn.meta.category == ZYDIS_CATEGORY_FCMOV)
        return UNIT_X87;
    const bool has_xmm = has_class(model, ZYDIS_REGCLASS_XMM) || computes(model);
    if (has_class(model, ZYDIS_REGCLASS_MMX))
        return has_xmm ? UNIT_BOTH : UNIT_MMX;
    const bool is_vex = model->insn.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
    return !has_xmm ? UNIT_NONE : is_vex ? UNIT_VEX : UNIT_SSE;
}

/* MMX registers are the x87's, which the platform names from the top of their stack. */
static WHV_REGISTER_NAME mmx_name(struct guest *guest, ZydisRegister reg)
{
    const WHV_REGISTER_VALUE *x87 = guest_reg(guest, WHvX64RegisterFpControlStatus);
    const unsigned top = x87->FpControlStatus.FpStatus >> 11 & 7u;
    const unsigned number = (unsigned)(reg - ZYDIS_REGISTER_MM0);
    return (WHV_REGISTER_NAME)(WHvX64RegisterFpMmx0 + ((number - top) & 7u));
}

uint64_t model_stored_bytes(const struct model *model, struct guest *guest)
{
    const ZydisRegister reg = model->operand[1].reg.value;
    const bool is_mmx = model->insn.mnemonic == ZYDIS_MNEMONIC_MASKMOVQ;
    if (!is_mmx && model->insn.mnemonic != ZYDIS_MNEMONIC_MASKMOVDQU)
        return UINT64_MAX;
    const WHV_UINT128 mask =
        guest_reg(guest, is_mmx ? mmx_name(guest, reg) : (WHV_REGISTER_NAME)model_name(reg))
            ->Reg128;
    uint64_t bytes = 0;
    for (unsigned i = 0; i < (is_mmx ? 8u : 16u); i++)
        bytes |= ((i < 8 ? mask.Low64 : mask.High64) >> (8 * (i % 8) + 7) & 1) << i;
    return bytes;
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
           model->insn.mnemonic == ZYDIS_MNEMONIC_VLDMXCSR ||
           model->insn.mnemonic == ZYDIS_MNEMONIC_FXRSTOR ||
           model->insn.mnemonic == ZYDIS_MNEMONIC_FXRSTOR64;
}

/* SDM 1, 8.1.8. */
bool model_remembers(const struct model *model)
{
    switch (model->insn.mnemonic) {
    case ZYDIS_MNEMONIC_FLDCW:
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_FNSTCW:
    case ZYDIS_MNEMONIC_FNSTSW:
    case ZYDIS_MNEMONIC_FNSTENV:
    case ZYDIS_MNEMONIC_FNSAVE:
        return false;
    default:
        return unit_of(model) == UNIT_X87;
    }
}

unsigned model_refusal(const struct model *model, struct guest *guest)
{
    const uint64_t cr0 = guest_get64(guest, WHvX64RegisterCr0);
    const uint64_t cr4 = guest_get64(guest, WHvX64RegisterCr4);
    const bool has_fxsr = cr4 & CR4_OSFXSR;
    const enum unit unit = unit_of(model);
    switch (unit) {
    case UNIT_NONE:
        return 0;
    case UNIT_SELECTOR:
        return model->mode == GUEST_REAL16 || model->mode == GUEST_VM86 ? 6 : 0;
    case UNIT_X87:
    case UNIT_STATE:
        return cr0 & (CR0_EM | CR0_TS) ? 7 : 0;
    case UNIT_VEX:
        if (!(cr4 & CR4_XSAVE) || (~guest_get64(guest, WHvX64RegisterXCr0) & XCR0_AVX))
            return 6;
        return cr0 & CR0_TS ? 7 : 0;
    case UNIT_WAIT:
        return (cr0 & CR0_MP) && (cr0 & CR0_TS) ? 7 : 0;
    default:
        if ((cr0 & CR0_EM) || (unit != UNIT_MMX && !has_fxsr))
            return 6;
        return cr0 & CR0_TS ? 7 : 0;
    }
}

unsigned model_exception(const struct model *model, struct guest *guest)
{
    const uint32_t mxcsr =
        guest_reg(guest, WHvX64RegisterXmmControlStatus)->XmmControlStatus.XmmStatusControl;
    if (!computes(model) || (mxcsr & MXCSR_MASKS) == MXCSR_MASKS)
        return 0;
    return guest_get64(guest, WHvX64RegisterCr4) & CR4_OSXMMEXCPT ? 19 : 6;
}

static bool is_x87(WHV_REGISTER_NAME name)
{
    return name >= WHvX64RegisterFpMmx0 && name <= WHvX64RegisterXmmControlStatus;
}

/* In protected mode a call or a return may have another stack, by CR4.CET. SDM 1, 17.2. */
static bool has_shadow_stack(const struct model *model)
{
    return model->mode != GUEST_REAL16 && model->mode != GUEST_VM86 &&
           (model->insn.meta.category == ZYDIS_CATEGORY_CALL ||
            model->insn.meta.category == ZYDIS_CATEGORY_RET);
}

bool model_sees(const struct model *model, WHV_REGISTER_NAME name)
{
    const enum unit unit = unit_of(model);
    const bool has_x87 = unit != UNIT_NONE && unit != UNIT_SSE && unit != UNIT_SELECTOR;
    switch ((uint32_t)name) {
    case WHvX64RegisterCr0:
        return unit != UNIT_NONE && unit != UNIT_SELECTOR;
    case WHvX64RegisterCr4:
        return unit == UNIT_SSE || unit == UNIT_BOTH || unit == UNIT_VEX || has_shadow_stack(model);
    case WHvX64RegisterXCr0:
        return unit == UNIT_VEX;
    case WHvX64RegisterGdtr:
    case WHvX64RegisterLdtr:
        return unit == UNIT_SELECTOR;
    case WHvX64RegisterXmmControlStatus:
        return has_x87 || computes(model) || model->insn.mnemonic == ZYDIS_MNEMONIC_LDMXCSR ||
               model->insn.mnemonic == ZYDIS_MNEMONIC_STMXCSR ||
               model->insn.mnemonic == ZYDIS_MNEMONIC_VLDMXCSR ||
               model->insn.mnemonic == ZYDIS_MNEMONIC_VSTMXCSR;
    default:
        return (has_x87 && is_x87(name)) ||
               (unit == UNIT_STATE && name >= WHvX64RegisterXmm0 && name <= WHvX64RegisterXmm15);
    }
}

bool model_may_change(const struct model *model, WHV_REGISTER_NAME name)
{
    const bool is_save = model->insn.mnemonic == ZYDIS_MNEMONIC_FXSAVE ||
                         model->insn.mnemonic == ZYDIS_MNEMONIC_FXSAVE64 ||
                         model->insn.mnemonic == ZYDIS_MNEMONIC_STMXCSR ||
                         model->insn.mnemonic == ZYDIS_MNEMONIC_VSTMXCSR;
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

/* Of 10 bytes the 8 that are the significand; of the x87's environment and state a word of it. */
unsigned model_word(const struct model *model, unsigned size)
{
    if (model->insn.mnemonic == ZYDIS_MNEMONIC_MASKMOVDQU)
        return 8;
    switch (size) {
    case 10:
        return 8;
    case 14:
    case 94:
        return 2;
    case 28:
    case 108:
        return 4;
    default:
        return size;
    }
}
