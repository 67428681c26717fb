/* SPDX-License-Identifier: MIT */
/* Assembler as people write it. */
#include "assemble_parts.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spellings.h"

#define WORD_MAX     WHT_SPELLING_MAX
#define OPERANDS_MAX 4u /* that can be spelled */

bool wht_assemble_fail(struct wht_assembler *a, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(a->error, WHT_ASSEMBLE_ERROR_MAX, format, arguments);
    va_end(arguments);
    return false;
}

static void skip_blanks(struct wht_assembler *a)
{
    while (isspace((unsigned char)*a->at))
        a->at++;
}

static bool take_char(struct wht_assembler *a, char wanted)
{
    skip_blanks(a);
    if (*a->at != wanted)
        return false;
    a->at++;
    return true;
}

/* Reads letters and digits in lower case. @return false if there are none. */
static bool take_word(struct wht_assembler *a, char word[WORD_MAX])
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
static bool take_keyword(struct wht_assembler *a, const char *wanted)
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

/* What stands behind "st": a number in parentheses, or nothing. */
static ZydisRegister take_stack_register(struct wht_assembler *a)
{
    if (!take_char(a, '('))
        return ZYDIS_REGISTER_ST0;
    skip_blanks(a);
    if (*a->at < '0' || *a->at > '7')
        return ZYDIS_REGISTER_NONE;
    const ZydisRegister reg = (ZydisRegister)(ZYDIS_REGISTER_ST0 + *a->at++ - '0');
    return take_char(a, ')') ? reg : ZYDIS_REGISTER_NONE;
}

static bool take_register(struct wht_assembler *a, ZydisRegister *reg)
{
    char word[WORD_MAX];
    const char *start = a->at;
    *reg = take_word(a, word) ? register_from_word(word) : ZYDIS_REGISTER_NONE;
    if (strcmp(word, "st") == 0)
        *reg = take_stack_register(a);
    if (*reg == ZYDIS_REGISTER_NONE)
        a->at = start;
    return *reg != ZYDIS_REGISTER_NONE;
}

/* A number in decimal or, with 0x in front or an h behind, in hexadecimal digits. */
static bool take_number(struct wht_assembler *a, uint64_t *value)
{
    char *end;
    skip_blanks(a);
    if (!isdigit((unsigned char)*a->at))
        return false;
    const bool has_x = a->at[0] == '0' && (a->at[1] | 0x20) == 'x';
    const bool has_h = !has_x && (a->at[strspn(a->at, "0123456789abcdefABCDEF")] | 0x20) == 'h';
    *value = strtoull(a->at, &end, has_x || has_h ? 16 : 10);
    end += has_h;
    if (isalnum((unsigned char)*end))
        return false;
    a->at = end;
    return true;
}

static bool take_prefixes(struct wht_assembler *a)
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

static bool take_mnemonic(struct wht_assembler *a)
{
    char word[WORD_MAX];
    if (!take_word(a, word))
        return wht_assemble_fail(a, "found \"%.40s\", expected an instruction", a->at);
    char usual[WORD_MAX];
    memcpy(usual, word, sizeof(usual));
    wht_usual_mnemonic(usual);
    for (int mnemonic = 1; mnemonic <= ZYDIS_MNEMONIC_MAX_VALUE; mnemonic++) {
        if (strcmp(ZydisMnemonicGetString((ZydisMnemonic)mnemonic), usual) != 0)
            continue;
        a->request.mnemonic = (ZydisMnemonic)mnemonic;
        if (take_keyword(a, "far"))
            a->request.branch_type = ZYDIS_BRANCH_TYPE_FAR;
        return true;
    }
    return wht_assemble_fail(a, "found \"%s\", expected an instruction", word);
}

/* "dword ptr"; the word `ptr` may be left out. */
static uint16_t take_size(struct wht_assembler *a)
{
    static const struct {
        const char *word;
        uint16_t size;
    } sizes[] = {{"byte", 1},   {"word", 2},     {"dword", 4},    {"fword", 6},    {"qword", 8},
                 {"tbyte", 10}, {"xmmword", 16}, {"ymmword", 32}, {"zmmword", 64}, {"mmword", 8},
                 {"tword", 10}, {"oword", 16},   {"yword", 32},   {"zword", 64}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (!take_keyword(a, sizes[i].word))
            continue;
        take_keyword(a, "ptr");
        return sizes[i].size;
    }
    return 0;
}

static bool is_scale(uint64_t value)
{
    return value == 1 || value == 2 || value == 4 || value == 8;
}

/* "4*rcx", behind the number. */
static bool take_scaled(struct wht_assembler *a, bool is_negative, uint64_t scale,
                        ZydisEncoderOperand *operand)
{
    if (is_negative || !take_register(a, &operand->mem.index))
        return wht_assemble_fail(a, "found \"%.40s\", expected a register behind a scale", a->at);
    if (!is_scale(scale))
        return wht_assemble_fail(a, "found a scale other than 1, 2, 4 and 8");
    operand->mem.scale = (uint8_t)scale;
    return true;
}

/* One of the parts of an address that `+` and `-` join. */
static bool take_term(struct wht_assembler *a, bool is_negative, ZydisEncoderOperand *operand)
{
    ZydisRegister reg;
    uint64_t value = 0;
    if (!take_register(a, &reg)) {
        if (!take_number(a, &value))
            return wht_assemble_fail(
                a, "found \"%.40s\", expected a register or a number in an address", a->at);
        if (operand->mem.index == ZYDIS_REGISTER_NONE && take_char(a, '*'))
            return take_scaled(a, is_negative, value, operand);
        operand->mem.displacement += (int64_t)(is_negative ? 0 - value : value);
        return true;
    }
    if (is_negative)
        return wht_assemble_fail(a, "found a register after '-', expected a number");
    bool is_scaled = take_char(a, '*');
    if (is_scaled && (!take_number(a, &value) || !is_scale(value)))
        return wht_assemble_fail(a, "found a scale other than 1, 2, 4 and 8");
    if (!is_scaled && operand->mem.base == ZYDIS_REGISTER_NONE) {
        operand->mem.base = reg;
        return true;
    }
    if (operand->mem.index != ZYDIS_REGISTER_NONE)
        return wht_assemble_fail(a, "found a third register in an address, expected at most two");
    operand->mem.index = reg;
    operand->mem.scale = (uint8_t)(is_scaled ? value : 1);
    return true;
}

static bool take_address(struct wht_assembler *a, ZydisEncoderOperand *operand)
{
    bool is_negative = take_char(a, '-');
    do {
        if (!take_term(a, is_negative, operand))
            return false;
        is_negative = take_char(a, '-');
    } while (is_negative || take_char(a, '+'));
    if (!take_char(a, ']'))
        return wht_assemble_fail(a, "found \"%.40s\", expected ']'", a->at);
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

static bool is_stack_pointer(ZydisRegister reg)
{
    static const ZydisRegister stack[] = {ZYDIS_REGISTER_BP,  ZYDIS_REGISTER_EBP,
                                          ZYDIS_REGISTER_RBP, ZYDIS_REGISTER_SP,
                                          ZYDIS_REGISTER_ESP, ZYDIS_REGISTER_RSP};
    for (size_t i = 0; i < sizeof(stack) / sizeof(stack[0]); i++)
        if (stack[i] == reg)
            return true;
    return false;
}

/* Behind '[', where a segment may stand as well. */
static bool take_memory(struct wht_assembler *a, uint16_t size, ZydisRegister segment,
                        ZydisEncoderOperand *operand)
{
    ZydisRegister inside;
    const char *start = a->at;
    operand->type = ZYDIS_OPERAND_TYPE_MEMORY;
    operand->mem.size = size;
    if (take_register(a, &inside) && take_char(a, ':'))
        segment = inside;
    else
        a->at = start;
    if (!take_address(a, operand))
        return false;
    const ZydisRegister own =
        is_stack_pointer(operand->mem.base) ? ZYDIS_REGISTER_SS : ZYDIS_REGISTER_DS;
    if (segment != own || !a->drops_segments)
        a->request.prefixes |= segment_prefix(segment);
    return true;
}

/* "0x0018:0x00002000", behind "far": the selector is read. The offset has the size that the mode
   gives it, or that it needs. */
static bool take_offset(struct wht_assembler *a, uint64_t selector, ZydisEncoderOperand *operand)
{
    uint64_t offset;
    if (!take_number(a, &offset) || selector >> 16 != 0 || offset >> 32 != 0)
        return wht_assemble_fail(a, "found no far pointer of 16 and 32 bits");
    operand->type = ZYDIS_OPERAND_TYPE_POINTER;
    operand->ptr.segment = (uint16_t)selector;
    operand->ptr.offset = (uint32_t)offset;
    a->request.branch_width = wht_assembles_16_bit(a) && offset >> 16 == 0 ? ZYDIS_BRANCH_WIDTH_16
                                                                           : ZYDIS_BRANCH_WIDTH_32;
    return true;
}

static bool take_operand(struct wht_assembler *a, ZydisEncoderOperand *operand)
{
    uint64_t value;
    ZydisRegister reg;
    uint16_t size = take_size(a);
    const bool has_register = take_register(a, &reg);
    if (has_register && !take_char(a, ':')) {
        operand->type = ZYDIS_OPERAND_TYPE_REGISTER;
        operand->reg.value = reg;
        return true;
    }
    if (take_char(a, '['))
        return take_memory(a, size, reg, operand);
    if (!take_keyword(a, "short"))
        take_keyword(a, "near");
    bool is_negative = take_char(a, '-');
    if (!is_negative)
        take_char(a, '+'); /* before the distance of a branch */
    if (!take_number(a, &value))
        return wht_assemble_fail(
            a, "found \"%.40s\", expected a register, a number or an address in []", a->at);
    if (a->request.branch_type == ZYDIS_BRANCH_TYPE_FAR && take_char(a, ':'))
        return take_offset(a, value, operand);
    operand->type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
    operand->imm.u = is_negative ? 0 - value : value;
    return true;
}

static bool take_operands(struct wht_assembler *a)
{
    skip_blanks(a);
    while (*a->at) {
        if (a->request.operand_count == OPERANDS_MAX)
            return wht_assemble_fail(a, "found more than %u operands", OPERANDS_MAX);
        if (!take_operand(a, &a->request.operands[a->request.operand_count++]))
            return false;
        skip_blanks(a);
        if (*a->at && !take_char(a, ','))
            return wht_assemble_fail(a, "found \"%.40s\", expected ',' or the end", a->at);
    }
    return true;
}

bool wht_assemble_take(struct wht_assembler *a)
{
    while (take_prefixes(a))
        continue;
    return take_mnemonic(a) && take_operands(a);
}
