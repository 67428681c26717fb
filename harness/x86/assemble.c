/* SPDX-License-Identifier: MIT */
#include "assemble.h"

#include <string.h>

#include "assemble_parts.h"

#define PREFIX_ADDRESS_SIZE 0x67

/* For LEA the encoder means by the size of the operand that of the address. */
static uint16_t address_size(const struct wht_assembler *a, const ZydisEncoderOperand *operand)
{
    ZydisRegister reg =
        operand->mem.base != ZYDIS_REGISTER_NONE ? operand->mem.base : operand->mem.index;
    if (reg == ZYDIS_REGISTER_EIP || reg == ZYDIS_REGISTER_RIP)
        return reg == ZYDIS_REGISTER_RIP ? 8 : 4;
    if (reg != ZYDIS_REGISTER_NONE)
        return ZydisRegisterGetWidth(a->request.machine_mode, reg) / 8;
    return wht_assembles_long(a) ? 8 : wht_assembles_16_bit(a) ? 2 : 4;
}

/* Of these the disassembler writes no size. SDM 1, 8.1.10; 10.5. */
static uint16_t image_size(const struct wht_assembler *a)
{
    switch (a->request.mnemonic) {
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FNSTENV:
        return wht_assembles_16_bit(a) ? 14 : 28;
    case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_FNSAVE:
        return wht_assembles_16_bit(a) ? 94 : 108;
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64:
        return 512;
    default:
        return 0;
    }
}

/* CL beside what is shifted tells nothing of its size. */
static bool is_count(const struct wht_assembler *a, size_t i)
{
    static const ZydisMnemonic shifts[] = {
        ZYDIS_MNEMONIC_RCL, ZYDIS_MNEMONIC_RCR, ZYDIS_MNEMONIC_ROL, ZYDIS_MNEMONIC_ROR,
        ZYDIS_MNEMONIC_SAR, ZYDIS_MNEMONIC_SHL, ZYDIS_MNEMONIC_SHR};
    for (size_t k = 0; k < sizeof(shifts) / sizeof(shifts[0]); k++)
        if (shifts[k] == a->request.mnemonic)
            return i > 0;
    return false;
}

/* A memory operand without a size has that of the register beside it. */
static bool infer_sizes(struct wht_assembler *a)
{
    uint16_t size = a->size ? a->size : image_size(a);
    for (size_t i = 0; i < a->request.operand_count && !a->size; i++)
        if (a->request.operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER && !is_count(a, i))
            size =
                ZydisRegisterGetWidth(a->request.machine_mode, a->request.operands[i].reg.value) /
                8;
    for (size_t i = 0; i < a->request.operand_count; i++) {
        ZydisEncoderOperand *operand = &a->request.operands[i];
        if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
            continue;
        if (a->request.mnemonic == ZYDIS_MNEMONIC_LEA)
            operand->mem.size = address_size(a, operand);
        if (operand->mem.size > 0)
            continue;
        a->lacks_size = true;
        if (size == 0)
            return wht_assemble_fail(
                a, "the size of the memory operand is missing, e.g. \"dword ptr\"");
        operand->mem.size = size;
    }
    return true;
}

static bool encode_request(const ZydisEncoderRequest *request, uint8_t *bytes, size_t *length)
{
    *length = WHT_CODE_MAX;
    return ZYAN_SUCCESS(ZydisEncoderEncodeInstruction(request, bytes, length));
}

/* @return the bits that an immediate may have, 0 if that cannot be told: those of the first
 * operand, of what is pushed if there is none. */
static unsigned immediate_bits(const struct wht_assembler *a)
{
    const ZydisEncoderOperand *first = &a->request.operands[0];
    if (first->type == ZYDIS_OPERAND_TYPE_MEMORY)
        return 8u * first->mem.size;
    if (first->type == ZYDIS_OPERAND_TYPE_REGISTER)
        return ZydisRegisterGetWidth(a->request.machine_mode, first->reg.value);
    if (wht_assembles_long(a))
        return 0; /* 64 bits are pushed */
    return wht_assembles_16_bit(a) && first->imm.u >> 16 == 0 ? 16 : 32;
}

/* Immediates that fit in there as they are written, "0xfffd" beside 16 bits, are what the encoder
 * calls -3. */
static void extend_immediates(struct wht_assembler *a)
{
    unsigned bits = immediate_bits(a);
    if (wht_assembles_16_bit(a) && bits == 32 &&
        a->request.operand_count == 1) /* PUSH of 32 bits */
        a->request.operand_size_hint = ZYDIS_OPERAND_SIZE_HINT_32;
    for (size_t i = 0; i < a->request.operand_count && bits > 0 && bits < 64; i++) {
        ZydisEncoderOperand *operand = &a->request.operands[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand->imm.u >> (bits - 1) == 1)
            operand->imm.u |= ~UINT64_C(0) << bits;
    }
}

/*
 * A number alone may be an address in the upper half of what 32 bits reach, in 64-bit code where an
 * address has 32 bits. The encoder takes such a number with its sign, and writes no prefix for it.
 */
static bool encode_memory(struct wht_assembler *a, uint8_t *bytes, size_t *length)
{
    if (encode_request(&a->request, bytes, length))
        return true;
    ZydisEncoderOperand *operand = a->request.operands;
    const ZydisEncoderOperand *end = operand + a->request.operand_count;
    while (operand < end && operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
        operand++;
    if (operand == end || operand->mem.displacement >> 31 != 1 ||
        operand->mem.base != ZYDIS_REGISTER_NONE || operand->mem.index != ZYDIS_REGISTER_NONE)
        return false;
    ZydisEncoderOperand asked = *operand;
    bool is_lea = a->request.mnemonic == ZYDIS_MNEMONIC_LEA;
    operand->mem.displacement = (int32_t)operand->mem.displacement;
    if (is_lea)
        operand->mem.size = 4;
    bool is_encoded = encode_request(&a->request, bytes, length);
    *operand = asked;
    if (!is_encoded || !wht_assembles_long(a) || is_lea)
        return is_encoded;
    if (*length == WHT_CODE_MAX)
        return false;
    memmove(bytes + 1, bytes, *length);
    bytes[0] = PREFIX_ADDRESS_SIZE;
    (*length)++;
    return true;
}

/* A branch is written as it is printed: from where the instruction begins. The encoder counts from
 * where it ends. */
static bool encode_branch(struct wht_assembler *a, int64_t from_start, uint8_t *bytes,
                          size_t *length)
{
    static const ZydisBranchWidth widths[] = {ZYDIS_BRANCH_WIDTH_8, ZYDIS_BRANCH_WIDTH_16,
                                              ZYDIS_BRANCH_WIDTH_32};
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        if (!wht_assembles_16_bit(a) && widths[i] == ZYDIS_BRANCH_WIDTH_16)
            continue; /* it would cut the instruction pointer */
        a->request.branch_width = widths[i];
        a->request.operands[0].imm.s = 0;
        if (!encode_request(&a->request, bytes, length))
            continue;
        a->request.operands[0].imm.s = from_start - (int64_t)*length;
        if (wht_assembles_16_bit(a) && from_start >> 16 == 0) /* the instruction pointer wraps */
            a->request.operands[0].imm.s = (int16_t)a->request.operands[0].imm.s;
        if (encode_request(&a->request, bytes, length))
            return true;
    }
    return wht_assemble_fail(a, "the branch does not reach so far");
}

static bool is_relative(struct wht_assembler *a, enum wht_code code)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisEncoderRequest request = a->request;
    uint8_t bytes[WHT_CODE_MAX];
    size_t length;
    if (request.operand_count != 1 || request.operands[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return false;
    request.operands[0].imm.u = 0;
    return encode_request(&request, bytes, &length) &&
           wht_decode(code, bytes, length, &insn, operands) &&
           (insn.attributes & ZYDIS_ATTRIB_IS_RELATIVE);
}

/* REP is spelled alike before all string instructions; where a condition is tested it is REPE. */
static bool encode(struct wht_assembler *a, enum wht_code code, uint8_t *bytes, size_t *length)
{
    if (is_relative(a, code))
        return encode_branch(a, a->request.operands[0].imm.s, bytes, length);
    if (encode_memory(a, bytes, length))
        return true;
    if (a->request.prefixes & ZYDIS_ATTRIB_HAS_REP)
        a->request.prefixes ^= ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE;
    extend_immediates(a);
    if (encode_memory(a, bytes, length))
        return true;
    return wht_assemble_fail(
        a, "there is no such instruction in this mode, or not with these operands");
}

/* Reads back what the encoder of Zydis 4.0 does not do as it is asked to. In 16-bit code it cuts a
 * displacement of 32 bits to 16: what cannot be had is refused. */
static bool is_as_asked(struct wht_assembler *a, enum wht_code code, const uint8_t *bytes,
                        size_t length)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!wht_decode(code, bytes, length, &insn, operands))
        return wht_assemble_fail(
            a, "there is no such instruction in this mode, or not with these operands");
    for (size_t i = 0; i < a->request.operand_count; i++) {
        const ZydisEncoderOperand *operand = &a->request.operands[i];
        if (insn.machine_mode != ZYDIS_MACHINE_MODE_LONG_64 &&
            operand->type == ZYDIS_OPERAND_TYPE_MEMORY && insn.address_width == 32 &&
            (uint32_t)operand->mem.displacement != (uint32_t)insn.raw.disp.value)
            return wht_assemble_fail(
                a, "an address of 32 bits cannot have such a number in 16-bit code");
    }
    return true;
}

static size_t assemble(struct wht_assembler *a, enum wht_code code, const char *text,
                       uint8_t *bytes)
{
    static const ZydisMachineMode modes[] = {[WHT_CODE_REAL16] = ZYDIS_MACHINE_MODE_REAL_16,
                                             [WHT_CODE_PROT16] = ZYDIS_MACHINE_MODE_LEGACY_16,
                                             [WHT_CODE_32] = ZYDIS_MACHINE_MODE_LEGACY_32,
                                             [WHT_CODE_64] = ZYDIS_MACHINE_MODE_LONG_64};
    size_t length;
    a->at = text;
    a->request = (ZydisEncoderRequest){.machine_mode = modes[code]};
    return wht_assemble_take(a) && infer_sizes(a) && encode(a, code, bytes, &length) &&
                   is_as_asked(a, code, bytes, length)
               ? length
               : 0;
}

/* Of memory operands; 0: as the register beside it tells. */
static const uint16_t sizes[] = {0, 1, 2, 4, 6, 8, 10, 16, 32, 64};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Where the register beside it does not tell the size, only one may do: ADDSD reads 8 bytes.
 * @return 0 also if several do, which is said. */
static size_t assemble_by_size(enum wht_code code, const char *text, uint8_t *bytes, char *error)
{
    uint8_t found[WHT_CODE_MAX], other[WHT_CODE_MAX];
    size_t length = 0;
    for (size_t i = 1; i < SIZES; i++) {
        char unused[WHT_ASSEMBLE_ERROR_MAX];
        struct wht_assembler a = {.error = unused, .size = sizes[i]};
        const size_t size = assemble(&a, code, text, other);
        if (size == 0)
            continue;
        if (length > 0 && (size != length || memcmp(found, other, length) != 0)) {
            a.error = error;
            wht_assemble_fail(&a, "the size of the memory operand is missing, e.g. \"dword ptr\"");
            return 0;
        }
        length = size;
        memcpy(found, other, length);
    }
    memcpy(bytes, found, length);
    return length;
}

size_t wht_assemble(enum wht_code code, const char *text, uint8_t *bytes, char *error)
{
    struct wht_assembler a = {.error = error};
    const size_t length = assemble(&a, code, text, bytes);
    return length > 0 || !a.lacks_size ? length : assemble_by_size(code, text, bytes, error);
}

bool wht_assembles_to(enum wht_code code, const char *text, const char *spelled)
{
    for (size_t i = 0; i < 2 * SIZES; i++) {
        uint8_t bytes[WHT_CODE_MAX];
        char error[WHT_ASSEMBLE_ERROR_MAX], again[WHT_ASSEMBLE_ERROR_MAX];
        struct wht_assembler a = {
            .error = error, .size = sizes[i / 2], .drops_segments = i % 2 != 0};
        const size_t length = assemble(&a, code, text, bytes);
        if (length > 0 && wht_disasm(code, bytes, length, again, sizeof(again), NULL) &&
            strcmp(again, spelled) == 0)
            return true;
        if (i > 0 && !a.lacks_size)
            break;
    }
    return false;
}
