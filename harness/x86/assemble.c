/* SPDX-License-Identifier: MIT */
#include "assemble.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"

#define ERROR_MAX    128
#define WORD_MAX     32
#define OPERANDS_MAX 4u /* that can be spelled */

#define PREFIX_ADDRESS_SIZE 0x67

struct assembler {
    const char *at;
    char *error;
    ZydisEncoderRequest request;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct assembler *a, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(a->error, ERROR_MAX, format, arguments);
    va_end(arguments);
    return false;
}

static void skip_blanks(struct assembler *a)
{
    while (isspace((unsigned char)*a->at))
        a->at++;
}

static bool take_char(struct assembler *a, char wanted)
{
    skip_blanks(a);
    if (*a->at != wanted)
        return false;
    a->at++;
    return true;
}

/* Reads letters and digits in lower case. @return false if there are none. */
static bool take_word(struct assembler *a, char word[WORD_MAX])
{
    size_t size = 0;
    skip_blanks(a);
    while (isalnum((unsigned char)a->at[size]) && size < WORD_MAX - 1) {
        word[size] = (char)tolower((unsigned char)a->at[size]);
        size++;
    }
    word[size] = 0;
    a->at += size;
    return size > 0;
}

/* Takes a word only if it is this one. */
static bool take_keyword(struct assembler *a, const char *wanted)
{
    char word[WORD_MAX];
    const char *start = a->at;
    if (take_word(a, word) && strcmp(word, wanted) == 0)
        return true;
    a->at = start;
    return false;
}

static ZydisRegister register_from_word(const char *word)
{
    for (int reg = 1; reg <= ZYDIS_REGISTER_MAX_VALUE; reg++) {
        const char *name = ZydisRegisterGetString((ZydisRegister)reg);
        if (name && strcmp(name, word) == 0)
            return (ZydisRegister)reg;
    }
    return ZYDIS_REGISTER_NONE;
}

static bool take_register(struct assembler *a, ZydisRegister *reg)
{
    char word[WORD_MAX];
    const char *start = a->at;
    *reg = take_word(a, word) ? register_from_word(word) : ZYDIS_REGISTER_NONE;
    if (*reg == ZYDIS_REGISTER_NONE)
        a->at = start;
    return *reg != ZYDIS_REGISTER_NONE;
}

/* A number in decimal or, with 0x, in hexadecimal digits. */
static bool take_number(struct assembler *a, uint64_t *value)
{
    char *end;
    skip_blanks(a);
    if (!isdigit((unsigned char)*a->at))
        return false;
    bool is_hex = a->at[0] == '0' && (a->at[1] | 0x20) == 'x';
    *value = strtoull(a->at, &end, is_hex ? 16 : 10);
    if (isalnum((unsigned char)*end))
        return false;
    a->at = end;
    return true;
}

static bool take_prefixes(struct assembler *a)
{
    static const struct {
        const char *word;
        ZydisInstructionAttributes prefix;
    } prefixes[] = {
        {"lock", ZYDIS_ATTRIB_HAS_LOCK},         {"rep", ZYDIS_ATTRIB_HAS_REP},
        {"repe", ZYDIS_ATTRIB_HAS_REPE},         {"repz", ZYDIS_ATTRIB_HAS_REPE},
        {"repne", ZYDIS_ATTRIB_HAS_REPNE},       {"repnz", ZYDIS_ATTRIB_HAS_REPNE},
        {"xacquire", ZYDIS_ATTRIB_HAS_XACQUIRE}, {"xrelease", ZYDIS_ATTRIB_HAS_XRELEASE},
        {"bnd", ZYDIS_ATTRIB_HAS_BND},           {"notrack", ZYDIS_ATTRIB_HAS_NOTRACK}};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (!take_keyword(a, prefixes[i].word))
            continue;
        a->request.prefixes |= prefixes[i].prefix;
        return true;
    }
    return false;
}

static bool take_mnemonic(struct assembler *a)
{
    char word[WORD_MAX];
    if (!take_word(a, word))
        return fail(a, "found \"%.40s\", expected an instruction", a->at);
    for (int mnemonic = 1; mnemonic <= ZYDIS_MNEMONIC_MAX_VALUE; mnemonic++) {
        if (strcmp(ZydisMnemonicGetString((ZydisMnemonic)mnemonic), word) != 0)
            continue;
        a->request.mnemonic = (ZydisMnemonic)mnemonic;
        if (take_keyword(a, "far"))
            a->request.branch_type = ZYDIS_BRANCH_TYPE_FAR;
        return true;
    }
    return fail(a, "found \"%s\", expected an instruction", word);
}

/* "dword ptr"; the word `ptr` may be left out. */
static uint16_t take_size(struct assembler *a)
{
    static const struct {
        const char *word;
        uint16_t size;
    } sizes[] = {{"byte", 1},   {"word", 2},     {"dword", 4},    {"fword", 6},   {"qword", 8},
                 {"tbyte", 10}, {"xmmword", 16}, {"ymmword", 32}, {"zmmword", 64}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (!take_keyword(a, sizes[i].word))
            continue;
        take_keyword(a, "ptr");
        return sizes[i].size;
    }
    return 0;
}

/* One of the parts of an address that `+` and `-` join. */
static bool take_term(struct assembler *a, bool is_negative, ZydisEncoderOperand *operand)
{
    ZydisRegister reg;
    uint64_t value = 0;
    if (!take_register(a, &reg)) {
        if (!take_number(a, &value))
            return fail(a, "found \"%.40s\", expected a register or a number in an address", a->at);
        operand->mem.displacement += (int64_t)(is_negative ? 0 - value : value);
        return true;
    }
    if (is_negative)
        return fail(a, "found a register after '-', expected a number");
    bool is_scaled = take_char(a, '*');
    if (is_scaled &&
        (!take_number(a, &value) || (value != 1 && value != 2 && value != 4 && value != 8)))
        return fail(a, "found a scale other than 1, 2, 4 and 8");
    if (!is_scaled && operand->mem.base == ZYDIS_REGISTER_NONE) {
        operand->mem.base = reg;
        return true;
    }
    if (operand->mem.index != ZYDIS_REGISTER_NONE)
        return fail(a, "found a third register in an address, expected at most two");
    operand->mem.index = reg;
    operand->mem.scale = (uint8_t)(is_scaled ? value : 1);
    return true;
}

static bool take_address(struct assembler *a, ZydisEncoderOperand *operand)
{
    bool is_negative = take_char(a, '-');
    do {
        if (!take_term(a, is_negative, operand))
            return false;
        is_negative = take_char(a, '-');
    } while (is_negative || take_char(a, '+'));
    if (!take_char(a, ']'))
        return fail(a, "found \"%.40s\", expected ']'", a->at);
    return true;
}

static ZydisInstructionAttributes segment_prefix(ZydisRegister reg)
{
    switch (reg) {
    case ZYDIS_REGISTER_CS:
        return ZYDIS_ATTRIB_HAS_SEGMENT_CS;
    case ZYDIS_REGISTER_SS:
        return ZYDIS_ATTRIB_HAS_SEGMENT_SS;
    case ZYDIS_REGISTER_DS:
        return ZYDIS_ATTRIB_HAS_SEGMENT_DS;
    case ZYDIS_REGISTER_ES:
        return ZYDIS_ATTRIB_HAS_SEGMENT_ES;
    case ZYDIS_REGISTER_FS:
        return ZYDIS_ATTRIB_HAS_SEGMENT_FS;
    case ZYDIS_REGISTER_GS:
        return ZYDIS_ATTRIB_HAS_SEGMENT_GS;
    default:
        return 0;
    }
}

static bool is_long(const struct assembler *a)
{
    return a->request.machine_mode == ZYDIS_MACHINE_MODE_LONG_64;
}

static bool is_16_bit(const struct assembler *a)
{
    return !is_long(a) && a->request.machine_mode != ZYDIS_MACHINE_MODE_LEGACY_32;
}

/* "0x0018:0x00002000", behind "far": the selector is read. The offset has the size that the mode
   gives it, or that it needs. */
static bool take_offset(struct assembler *a, uint64_t selector, ZydisEncoderOperand *operand)
{
    uint64_t offset;
    if (!take_number(a, &offset) || selector >> 16 != 0 || offset >> 32 != 0)
        return fail(a, "found no far pointer of 16 and 32 bits");
    operand->type = ZYDIS_OPERAND_TYPE_POINTER;
    operand->ptr.segment = (uint16_t)selector;
    operand->ptr.offset = (uint32_t)offset;
    a->request.branch_width =
        is_16_bit(a) && offset >> 16 == 0 ? ZYDIS_BRANCH_WIDTH_16 : ZYDIS_BRANCH_WIDTH_32;
    return true;
}

static bool take_operand(struct assembler *a, ZydisEncoderOperand *operand)
{
    uint64_t value;
    uint16_t size = take_size(a);
    if (take_register(a, &operand->reg.value)) {
        operand->type = ZYDIS_OPERAND_TYPE_REGISTER;
        if (!take_char(a, ':'))
            return true;
        a->request.prefixes |= segment_prefix(operand->reg.value);
        operand->reg.value = ZYDIS_REGISTER_NONE;
    }
    if (take_char(a, '[')) {
        operand->type = ZYDIS_OPERAND_TYPE_MEMORY;
        operand->mem.size = size;
        return take_address(a, operand);
    }
    bool is_negative = take_char(a, '-');
    if (!is_negative)
        take_char(a, '+'); /* before the distance of a branch */
    if (!take_number(a, &value))
        return fail(a, "found \"%.40s\", expected a register, a number or an address in []", a->at);
    if (a->request.branch_type == ZYDIS_BRANCH_TYPE_FAR && take_char(a, ':'))
        return take_offset(a, value, operand);
    operand->type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
    operand->imm.u = is_negative ? 0 - value : value;
    return true;
}

static bool take_operands(struct assembler *a)
{
    skip_blanks(a);
    while (*a->at) {
        if (a->request.operand_count == OPERANDS_MAX)
            return fail(a, "found more than %u operands", OPERANDS_MAX);
        if (!take_operand(a, &a->request.operands[a->request.operand_count++]))
            return false;
        skip_blanks(a);
        if (*a->at && !take_char(a, ','))
            return fail(a, "found \"%.40s\", expected ',' or the end", a->at);
    }
    return true;
}

/* For LEA the encoder means by the size of the operand that of the address. */
static uint16_t address_size(const struct assembler *a, const ZydisEncoderOperand *operand)
{
    ZydisRegister reg =
        operand->mem.base != ZYDIS_REGISTER_NONE ? operand->mem.base : operand->mem.index;
    if (reg == ZYDIS_REGISTER_EIP || reg == ZYDIS_REGISTER_RIP)
        return reg == ZYDIS_REGISTER_RIP ? 8 : 4;
    if (reg != ZYDIS_REGISTER_NONE)
        return ZydisRegisterGetWidth(a->request.machine_mode, reg) / 8;
    return is_long(a) ? 8 : is_16_bit(a) ? 2 : 4;
}

/* Of these the disassembler writes no size. SDM 1, 8.1.10; 10.5. */
static uint16_t image_size(const struct assembler *a)
{
    switch (a->request.mnemonic) {
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FNSTENV:
        return is_16_bit(a) ? 14 : 28;
    case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_FNSAVE:
        return is_16_bit(a) ? 94 : 108;
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64:
        return 512;
    default:
        return 0;
    }
}

/* A memory operand without a size has that of the register beside it. */
static bool infer_sizes(struct assembler *a)
{
    uint16_t size = image_size(a);
    for (size_t i = 0; i < a->request.operand_count; i++)
        if (a->request.operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
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
        if (size == 0)
            return fail(a, "the size of the memory operand is missing, e.g. \"dword ptr\"");
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
static unsigned immediate_bits(const struct assembler *a)
{
    const ZydisEncoderOperand *first = &a->request.operands[0];
    if (first->type == ZYDIS_OPERAND_TYPE_MEMORY)
        return 8u * first->mem.size;
    if (first->type == ZYDIS_OPERAND_TYPE_REGISTER)
        return ZydisRegisterGetWidth(a->request.machine_mode, first->reg.value);
    if (is_long(a))
        return 0; /* 64 bits are pushed */
    return is_16_bit(a) && first->imm.u >> 16 == 0 ? 16 : 32;
}

/* Immediates that fit in there as they are written, "0xfffd" beside 16 bits, are what the encoder
 * calls -3. */
static void extend_immediates(struct assembler *a)
{
    unsigned bits = immediate_bits(a);
    if (is_16_bit(a) && bits == 32 && a->request.operand_count == 1) /* PUSH of 32 bits */
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
static bool encode_memory(struct assembler *a, uint8_t *bytes, size_t *length)
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
    if (!is_encoded || !is_long(a) || is_lea)
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
static bool encode_branch(struct assembler *a, int64_t from_start, uint8_t *bytes, size_t *length)
{
    static const ZydisBranchWidth widths[] = {ZYDIS_BRANCH_WIDTH_8, ZYDIS_BRANCH_WIDTH_16,
                                              ZYDIS_BRANCH_WIDTH_32};
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        if (!is_16_bit(a) && widths[i] == ZYDIS_BRANCH_WIDTH_16)
            continue; /* it would cut the instruction pointer */
        a->request.branch_width = widths[i];
        a->request.operands[0].imm.s = 0;
        if (!encode_request(&a->request, bytes, length))
            continue;
        a->request.operands[0].imm.s = from_start - (int64_t)*length;
        if (is_16_bit(a) && from_start >> 16 == 0) /* the instruction pointer wraps */
            a->request.operands[0].imm.s = (int16_t)a->request.operands[0].imm.s;
        if (encode_request(&a->request, bytes, length))
            return true;
    }
    return fail(a, "the branch does not reach so far");
}

static bool is_relative(struct assembler *a, enum wht_code code)
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
static bool encode(struct assembler *a, enum wht_code code, uint8_t *bytes, size_t *length)
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
    return fail(a, "there is no such instruction in this mode, or not with these operands");
}

/* Reads back what the encoder of Zydis 4.0 does not do as it is asked to. In 16-bit code it cuts a
 * displacement of 32 bits to 16: what cannot be had is refused. */
static bool is_as_asked(struct assembler *a, enum wht_code code, const uint8_t *bytes,
                        size_t length)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!wht_decode(code, bytes, length, &insn, operands))
        return fail(a, "there is no such instruction in this mode, or not with these operands");
    for (size_t i = 0; i < a->request.operand_count; i++) {
        const ZydisEncoderOperand *operand = &a->request.operands[i];
        if (insn.machine_mode != ZYDIS_MACHINE_MODE_LONG_64 &&
            operand->type == ZYDIS_OPERAND_TYPE_MEMORY && insn.address_width == 32 &&
            (uint32_t)operand->mem.displacement != (uint32_t)insn.raw.disp.value)
            return fail(a, "an address of 32 bits cannot have such a number in 16-bit code");
    }
    return true;
}

size_t wht_assemble(enum wht_code code, const char *text, uint8_t *bytes, char *error)
{
    static const ZydisMachineMode modes[] = {[WHT_CODE_REAL16] = ZYDIS_MACHINE_MODE_REAL_16,
                                             [WHT_CODE_PROT16] = ZYDIS_MACHINE_MODE_LEGACY_16,
                                             [WHT_CODE_32] = ZYDIS_MACHINE_MODE_LEGACY_32,
                                             [WHT_CODE_64] = ZYDIS_MACHINE_MODE_LONG_64};
    struct assembler a = {.at = text, .error = error, .request = {.machine_mode = modes[code]}};
    size_t length;
    while (take_prefixes(&a))
        continue;
    if (!take_mnemonic(&a) || !take_operands(&a) || !infer_sizes(&a) ||
        !encode(&a, code, bytes, &length) || !is_as_asked(&a, code, bytes, length))
        return 0;
    return length;
}
