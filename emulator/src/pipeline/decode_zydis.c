/* SPDX-License-Identifier: MIT */
/* Zydis, set up for a mode, and what Zydis 4.0 has otherwise than processors do. */
#include "decode_parts.h"

static ZyanStatus init_decoder(const struct whe_mode *mode, ZydisDecoder *decoder)
{
    switch (mode->code) {
    case WHE_CODE64:
        return ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    case WHE_CODE32:
        return ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    default:
        return ZydisDecoderInit(decoder,
                                mode->protected_mode ? ZYDIS_MACHINE_MODE_LEGACY_16
                                                     : ZYDIS_MACHINE_MODE_REAL_16,
                                ZYDIS_STACK_WIDTH_16);
    }
}

/* Without a base (mod 0, SIB base 5) Zydis 4.0 takes r13d for one if 67h and REX.B are there: the
   encoding means a displacement alone, whatever REX.B is. SDM 2A, table 2-3 and 2.2.1.6. */
static void correct_base(const ZydisDecodedInstruction *decoded, ZydisDecodedOperand *operands)
{
    bool has_no_base = decoded->address_width != 16 && decoded->raw.modrm.mod == 0 &&
                       decoded->raw.modrm.rm == 4 && decoded->raw.sib.base == 5;
    if (!(decoded->attributes & ZYDIS_ATTRIB_HAS_SIB) || !has_no_base)
        return;
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type != ZYDIS_OPERAND_TYPE_MEMORY ||
            operands[i].encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM)
            continue;
        operands[i].mem.base = ZYDIS_REGISTER_NONE;
        operands[i].mem.disp.value = decoded->raw.disp.value;
    }
}

/* Of a near branch 3Eh says that it is not tracked, and Zydis takes it for no more; where segments
   have bases it is still the override to DS. SDM 1, 17.3.1. */
static void correct_segment(const struct whe_mode *mode, const ZydisDecodedInstruction *decoded,
                            ZydisDecodedOperand *operands)
{
    if (!(decoded->attributes & ZYDIS_ATTRIB_HAS_NOTRACK) || mode->code == WHE_CODE64)
        return;
    if (operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY)
        operands[0].mem.segment = ZYDIS_REGISTER_DS;
}

/* F3 makes LOOPNE a LOOPE, and F2 the other way round; the last of them counts. Zydis takes them
   for nothing, and the manuals say no more. */
static void correct_loop(ZydisDecodedInstruction *decoded)
{
    if (decoded->mnemonic != ZYDIS_MNEMONIC_LOOPE && decoded->mnemonic != ZYDIS_MNEMONIC_LOOPNE)
        return;
    for (unsigned i = 0; i < decoded->raw.prefix_count; i++) {
        if (decoded->raw.prefixes[i].value == 0xf2)
            decoded->mnemonic = ZYDIS_MNEMONIC_LOOPNE;
        else if (decoded->raw.prefixes[i].value == 0xf3)
            decoded->mnemonic = ZYDIS_MNEMONIC_LOOPE;
    }
}

/* What Zydis decodes like others: opcodes that are there to be invalid (SDM 2B, "UD"), PREFETCH of
   a register, which AMD's processors refuse, and what only Knights Corner had. */
static bool is_undefined(const ZydisDecodedInstruction *decoded)
{
    switch (decoded->mnemonic) {
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
        return true;
    case ZYDIS_MNEMONIC_NOP:
        return decoded->opcode == 0x0d;
    default:
        return decoded->meta.isa_set == ZYDIS_ISA_SET_KNCV;
    }
}

/* With REX.B F3 90 is no PAUSE: it is XCHG of R8, which F3 means nothing to (SDM 2B, "XCHG": seen
   on AMD family 19h). It is decoded without its F3. */
static ZyanStatus correct_pause(const ZydisDecoder *decoder, const uint8_t *bytes, size_t count,
                                ZydisDecodedInstruction *decoded, ZydisDecodedOperand *operands)
{
    uint8_t rest[WHE_INSN_MAX];
    size_t kept = 0;
    if (decoded->mnemonic != ZYDIS_MNEMONIC_PAUSE || !decoded->raw.rex.B)
        return ZYAN_STATUS_SUCCESS;
    for (size_t i = 0; i < count && i < decoded->length; i++) {
        if (bytes[i] != 0xf3)
            rest[kept++] = bytes[i];
    }
    const uint8_t length = decoded->length;
    const ZyanStatus status = ZydisDecoderDecodeFull(decoder, rest, kept, decoded, operands);
    decoded->length = length;
    return status;
}

enum whe_decoded whe_decode_bytes(const struct whe_mode *mode, const uint8_t *bytes, size_t count,
                                  ZydisDecodedInstruction *decoded, ZydisDecodedOperand *operands)
{
    ZydisDecoder decoder;
    if (!ZYAN_SUCCESS(init_decoder(mode, &decoder)))
        return WHE_DECODED_INVALID;
    /* MPX is in no processor that is sold: its opcodes are the NOPs that they were. */
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);

    ZyanStatus status = ZydisDecoderDecodeFull(&decoder, bytes, count, decoded, operands);
    if (status == ZYDIS_STATUS_NO_MORE_DATA)
        return count < WHE_INSN_MAX ? WHE_DECODED_MORE : WHE_DECODED_TOO_LONG;
    if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG)
        return WHE_DECODED_TOO_LONG;
    if (status == ZYDIS_STATUS_ILLEGAL_LOCK)
        return WHE_DECODED_BAD_LOCK;
    if (ZYAN_SUCCESS(status))
        status = correct_pause(&decoder, bytes, count, decoded, operands);
    if (!ZYAN_SUCCESS(status) || is_undefined(decoded))
        return WHE_DECODED_INVALID;
    correct_base(decoded, operands);
    correct_segment(mode, decoded, operands);
    correct_loop(decoded);
    return WHE_DECODED_OK;
}
