/* SPDX-License-Identifier: MIT */
#include "decode.h"

static void init_decoder(enum wht_code code, ZydisDecoder *decoder)
{
    static const struct {
        ZydisMachineMode mode;
        ZydisStackWidth stack;
    } modes[] = {[WHT_CODE_REAL16] = {ZYDIS_MACHINE_MODE_REAL_16, ZYDIS_STACK_WIDTH_16},
                 [WHT_CODE_PROT16] = {ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16},
                 [WHT_CODE_32] = {ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32},
                 [WHT_CODE_64] = {ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64}};
    ZydisDecoderInit(decoder, modes[code].mode, modes[code].stack);
}

bool wht_decode(enum wht_code code, const uint8_t *bytes, size_t count,
                ZydisDecodedInstruction *insn, ZydisDecodedOperand *operands)
{
    ZydisDecoder decoder;
    init_decoder(code, &decoder);
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, count, insn, operands));
}

bool wht_decode_insn(enum wht_code code, const uint8_t *bytes, size_t count,
                     ZydisDecodedInstruction *insn)
{
    ZydisDecoder decoder;
    init_decoder(code, &decoder);
    return ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, ZYAN_NULL, bytes, count, insn));
}

bool wht_decoded_rep(const ZydisDecodedInstruction *insn)
{
    return (insn->attributes &
            (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
}

bool wht_reg_from_zydis(ZydisRegister reg, WHV_REGISTER_NAME *name)
{
    const ZydisRegister larger = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    const ZydisRegister whole = larger != ZYDIS_REGISTER_NONE ? larger : reg;
    const int id = ZydisRegisterGetId(whole);
    switch (ZydisRegisterGetClass(whole)) {
    case ZYDIS_REGCLASS_GPR64:
        *name = (WHV_REGISTER_NAME)(WHvX64RegisterRax + id);
        return id >= 0 && id < 16;
    case ZYDIS_REGCLASS_SEGMENT:
        *name = (WHV_REGISTER_NAME)(WHvX64RegisterEs + id);
        return id >= 0 && id < 6;
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
    case ZYDIS_REGCLASS_ZMM:
        *name = (WHV_REGISTER_NAME)(WHvX64RegisterXmm0 + id);
        return id >= 0 && id < 16;
    case ZYDIS_REGCLASS_FLAGS:
        *name = WHvX64RegisterRflags;
        return true;
    case ZYDIS_REGCLASS_IP:
        *name = WHvX64RegisterRip;
        return true;
    default:
        return false;
    }
}
