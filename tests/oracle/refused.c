/* SPDX-License-Identifier: MIT */
#include "refused.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "opcodes.h"

#define CODE_MAX    15u
#define ENTRIES_MAX 12000u
#define WIDTH       100u
#define PP_SHIFT    12u /* in a key */

enum kind { LEGACY, VEX, XOP, EVEX, KINDS };

/* An encoding but for the reg field. */
struct form {
    enum kind kind;
    unsigned pp; /* none, 66, F3, F2: as VEX has it */
    unsigned map;
    unsigned opcode;
    unsigned length; /* of vectors; not told of EVEX */
    unsigned w;
    unsigned mask; /* EVEX: k1, or none */
};

struct entry {
    enum refused_group group;
    ZydisMnemonic mnemonic;
    unsigned key; /* kind, map, pp, length, opcode */
    unsigned regs;
    bool is_dropped; /* it says what another one says */
};

struct walk {
    const struct opcodes_mode *mode;
    ZydisDecoder decoder;
    struct refused_tally *tally;
    struct entry entry[ENTRIES_MAX];
    unsigned count;
    bool is_full;
};

static const char *const reasons[REFUSED_GROUPS] = {
#define GROUP(name, reason) reason,
#include "refused.def"
};

/* By the decoder's mnemonic: whether rows.def has it. MOVSD and CMPSD, which are two instructions
   each, are there twice. */
static const bool has_row[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define MARK(mnemonic)                            [ZYDIS_MNEMONIC_##mnemonic] = true,
#define WHE_INSN(id, mnemonic, family, form, ...) MARK_##form(mnemonic)
#define MARK_VALUES(mnemonic)                     MARK(mnemonic)
#define MARK_PORT(mnemonic)                       MARK(mnemonic)
#define MARK_FAR(mnemonic)                        MARK(mnemonic)
#define MARK_INTERRUPT(mnemonic)                  MARK(mnemonic)
#define MARK_MOVE(mnemonic)
#define MARK_COMPARE(mnemonic)
#define WHE_BY_MNEMONIC
#include "rows.def"
};

static const uint8_t prefixes[] = {0, 0x66, 0xf3, 0xf2};

static unsigned put_legacy(const struct form *form, uint8_t *code)
{
    unsigned n = 0;
    if (form->pp)
        code[n++] = prefixes[form->pp];
    if (form->w)
        code[n++] = 0x48;
    if (form->map > 0)
        code[n++] = 0x0f;
    if (form->map == ZYDIS_OPCODE_MAP_0F38)
        code[n++] = 0x38;
    if (form->map == ZYDIS_OPCODE_MAP_0F3A)
        code[n++] = 0x3a;
    if (form->map == ZYDIS_OPCODE_MAP_0F0F)
        code[n++] = 0x0f;
    return n;
}

static unsigned put_prefixes(const struct form *form, uint8_t *code)
{
    const uint8_t middle = (uint8_t)(form->w << 7 | 0x78 | form->pp);
    switch (form->kind) {
    case VEX:
    case XOP:
        code[0] = form->kind == VEX ? 0xc4 : 0x8f;
        code[1] = (uint8_t)(0xe0 | form->map);
        code[2] = (uint8_t)(middle | form->length << 2);
        return 3;
    case EVEX:
        code[0] = 0x62;
        code[1] = (uint8_t)(0xf0 | form->map);
        code[2] = middle | 4;
        code[3] = (uint8_t)(form->length << 5 | 8 | form->mask);
        return 4;
    default:
        return put_legacy(form, code);
    }
}

/* [rBX + 11h], or [rBX + rCX + 11h]: of vectors of addresses it is a vector that is added. */
static void put(const struct form *form, unsigned reg, bool has_sib, uint8_t *code)
{
    memset(code, 0, CODE_MAX);
    unsigned n = put_prefixes(form, code);
    const bool is_3dnow = form->kind == LEGACY && form->map == ZYDIS_OPCODE_MAP_0F0F;
    if (!is_3dnow)
        code[n++] = (uint8_t)form->opcode;
    code[n++] = (uint8_t)(0x40 | reg << 3 | (has_sib ? 4 : 3));
    if (has_sib)
        code[n++] = 0x0b;
    code[n++] = 0x11;
    if (is_3dnow)
        code[n] = (uint8_t)form->opcode;
}

static bool has_memory(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands)
{
    for (unsigned i = 0; i < insn->operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            operands[i].mem.type != ZYDIS_MEMOP_TYPE_AGEN)
            return true;
    }
    return false;
}

/* @return whether it needs more of a vector register than its 16 low bytes, or clears the rest. */
static bool has_upper(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands)
{
    for (unsigned i = 0; i < insn->operand_count; i++) {
        if (operands[i].type != ZYDIS_OPERAND_TYPE_REGISTER)
            continue;
        const ZydisRegisterClass class = ZydisRegisterGetClass(operands[i].reg.value);
        const bool is_written = operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
        if (class == ZYDIS_REGCLASS_YMM || (class == ZYDIS_REGCLASS_XMM && is_written))
            return true;
    }
    return false;
}

static enum refused_group group_of_extension(const ZydisDecodedInstruction *insn)
{
    switch (insn->meta.isa_ext) {
    case ZYDIS_ISA_EXT_AVX512VEX:
        return REFUSED_EVEX;
    case ZYDIS_ISA_EXT_AMX_TILE:
    case ZYDIS_ISA_EXT_AMX_BF16:
    case ZYDIS_ISA_EXT_AMX_INT8:
        return REFUSED_TILE;
    case ZYDIS_ISA_EXT_MPX:
        return REFUSED_BOUNDS;
    case ZYDIS_ISA_EXT_KEYLOCKER:
    case ZYDIS_ISA_EXT_KEYLOCKER_WIDE:
        return REFUSED_KEYS;
    case ZYDIS_ISA_EXT_CET:
        return REFUSED_SHADOW;
    case ZYDIS_ISA_EXT_XSAVE:
    case ZYDIS_ISA_EXT_XSAVEC:
    case ZYDIS_ISA_EXT_XSAVEOPT:
    case ZYDIS_ISA_EXT_XSAVES:
        return REFUSED_XSAVE;
    case ZYDIS_ISA_EXT_VTX:
    case ZYDIS_ISA_EXT_VMFUNC:
    case ZYDIS_ISA_EXT_SVM:
    case ZYDIS_ISA_EXT_SGX:
    case ZYDIS_ISA_EXT_SGX_ENCLV:
    case ZYDIS_ISA_EXT_TDX:
    case ZYDIS_ISA_EXT_SMX:
    case ZYDIS_ISA_EXT_SNP:
        return REFUSED_MACHINE;
    case ZYDIS_ISA_EXT_ENQCMD:
    case ZYDIS_ISA_EXT_UINTR:
        return REFUSED_ENQUEUE;
    case ZYDIS_ISA_EXT_MONITOR:
    case ZYDIS_ISA_EXT_MONITORX:
    case ZYDIS_ISA_EXT_WAITPKG:
        return REFUSED_MONITOR;
    case ZYDIS_ISA_EXT_INVPCID:
    case ZYDIS_ISA_EXT_AMD_INVLPGB:
        return REFUSED_TRANSLATION;
    case ZYDIS_ISA_EXT_AMD3DNOW:
    case ZYDIS_ISA_EXT_TBM:
    case ZYDIS_ISA_EXT_PADLOCK:
    case ZYDIS_ISA_EXT_KNC:
    case ZYDIS_ISA_EXT_KNCE:
    case ZYDIS_ISA_EXT_KNCV:
        return REFUSED_GONE;
    default:
        return REFUSED_NOT_YET;
    }
}

static enum refused_group group_of_base(const ZydisDecodedInstruction *insn)
{
    switch (insn->meta.category) {
    case ZYDIS_CATEGORY_NOP:
    case ZYDIS_CATEGORY_WIDENOP:
    case ZYDIS_CATEGORY_PREFETCH:
    case ZYDIS_CATEGORY_PREFETCHWT1:
        return REFUSED_HINT;
    default:
        return insn->mnemonic == ZYDIS_MNEMONIC_INVLPG ? REFUSED_TRANSLATION : REFUSED_NOT_YET;
    }
}

static enum refused_group group_of(const ZydisDecodedInstruction *insn,
                                   const ZydisDecodedOperand *operands)
{
    if (insn->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX)
        return REFUSED_EVEX;
    const enum refused_group group = group_of_extension(insn);
    if (group == REFUSED_NOT_YET && insn->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY)
        return group_of_base(insn);
    if (insn->mnemonic == ZYDIS_MNEMONIC_LWPINS || insn->mnemonic == ZYDIS_MNEMONIC_LWPVAL)
        return REFUSED_GONE;
    return group == REFUSED_NOT_YET && has_upper(insn, operands) ? REFUSED_YMM : group;
}

static void keep(struct walk *walk, const struct form *form, unsigned reg, ZydisMnemonic mnemonic,
                 enum refused_group group)
{
    const unsigned length = form->kind == EVEX ? 0 : form->length;
    const unsigned key = (unsigned)form->kind << 20 | form->map << 16 | form->pp << PP_SHIFT |
                         length << 8 | form->opcode;
    /* What is the same stands near the end: opcodes are the outermost loop. */
    for (unsigned i = walk->count; i > 0 && i + 64 > walk->count; i--) {
        struct entry *entry = &walk->entry[i - 1];
        if (entry->key == key && entry->mnemonic == mnemonic && entry->group == group) {
            entry->regs |= 1u << reg;
            return;
        }
    }
    walk->is_full |= walk->count == ENTRIES_MAX;
    if (!walk->is_full)
        walk->entry[walk->count++] = (struct entry){group, mnemonic, key, 1u << reg, false};
}

static bool decode(struct walk *walk, const struct form *form, unsigned reg, uint8_t *code,
                   ZydisDecodedInstruction *insn, ZydisDecodedOperand *operands)
{
    static const ZydisInstructionEncoding encodings[KINDS] = {
        ZYDIS_INSTRUCTION_ENCODING_LEGACY, ZYDIS_INSTRUCTION_ENCODING_VEX,
        ZYDIS_INSTRUCTION_ENCODING_XOP, ZYDIS_INSTRUCTION_ENCODING_EVEX};
    for (unsigned has_sib = 0; has_sib < 2; has_sib++) {
        put(form, reg, has_sib, code);
        ZyanStatus status = ZydisDecoderDecodeFull(&walk->decoder, code, CODE_MAX, insn, operands);
        if (!ZYAN_SUCCESS(status))
            continue;
        if (insn->encoding == encodings[form->kind] && insn->opcode == form->opcode)
            return true;
        if (insn->encoding == ZYDIS_INSTRUCTION_ENCODING_3DNOW && form->kind == LEGACY)
            return true;
    }
    return false;
}

static void visit(struct walk *walk, const struct form *form, unsigned reg)
{
    uint8_t code[CODE_MAX];
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    struct whe_insn taken;
    if (!decode(walk, form, reg, code, &insn, operands) || !has_memory(&insn, operands) ||
        whe_decode(&walk->mode->mode, code, CODE_MAX, &taken) != WHE_DECODED_OK)
        return;
    walk->tally->encodings++;
    const enum refused_group group = group_of(&insn, operands);
    if (taken.id != WHE_INSN_NONE)
        walk->tally->taken++;
    else if (has_row[insn.mnemonic] && group == REFUSED_NOT_YET &&
             insn.meta.isa_ext != ZYDIS_ISA_EXT_BASE)
        walk->tally->not_here++;
    else
        keep(walk, form, reg, insn.mnemonic, group);
}

static void walk_opcode(struct walk *walk, struct form form)
{
    const unsigned lengths = form.kind == LEGACY ? 1 : form.kind == EVEX ? 3 : 2;
    const bool is64 = walk->mode->mode.code == WHE_CODE64;
    const unsigned ws = form.kind != LEGACY || is64 ? 2 : 1;
    const unsigned masks = form.kind == EVEX ? 2 : 1;
    for (unsigned i = 0; i < 4 * 8 * lengths * ws * masks; i++) {
        const unsigned rest = i / 32;
        form.pp = i / 8 % 4;
        form.length = rest % lengths;
        form.w = rest / lengths % ws;
        form.mask = rest / lengths / ws;
        visit(walk, &form, i % 8);
    }
}

static void walk_mode(struct walk *walk)
{
    static const struct {
        enum kind kind;
        uint8_t first, last; /* maps */
    } maps[] = {{LEGACY, ZYDIS_OPCODE_MAP_DEFAULT, ZYDIS_OPCODE_MAP_0F0F},
                {VEX, 1, 3},
                {XOP, 8, 10},
                {EVEX, 1, 6}};
    for (unsigned i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        for (unsigned map = maps[i].first; map <= maps[i].last; map++) {
            if (maps[i].kind == LEGACY && map > ZYDIS_OPCODE_MAP_0F3A &&
                map != ZYDIS_OPCODE_MAP_0F0F)
                continue;
            for (unsigned opcode = 0; opcode < 256; opcode++)
                walk_opcode(walk, (struct form){maps[i].kind, 0, map, opcode, 0, 0, 0});
        }
    }
}

static int compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    const int names =
        strcmp(ZydisMnemonicGetString(a->mnemonic), ZydisMnemonicGetString(b->mnemonic));
    if (names != 0)
        return names;
    return a->key < b->key ? -1 : a->key > b->key;
}

/* The same of two modes becomes one. */
static void merge_modes(struct walk *walk)
{
    unsigned count = 0;
    qsort(walk->entry, walk->count, sizeof(walk->entry[0]), compare);
    for (unsigned i = 0; i < walk->count; i++) {
        if (count > 0 && compare(&walk->entry[count - 1], &walk->entry[i]) == 0)
            walk->entry[count - 1].regs |= walk->entry[i].regs;
        else
            walk->entry[count++] = walk->entry[i];
    }
    walk->count = count;
}

/* @return whether the same is there without a prefix, which then means nothing, or a size. */
static bool is_prefixed(const struct walk *walk, const struct entry *entry)
{
    if (entry->key >> 20 != LEGACY || (entry->key >> PP_SHIFT & 15) == 0)
        return false;
    for (const struct entry *other = walk->entry; other < walk->entry + walk->count; other++) {
        if (other->key == (entry->key & ~(15u << PP_SHIFT)) && other->mnemonic == entry->mnemonic &&
            (entry->regs & ~other->regs) == 0)
            return true;
    }
    return false;
}

static void merge_prefixes(struct walk *walk)
{
    unsigned count = 0;
    for (unsigned i = 0; i < walk->count; i++)
        walk->entry[i].is_dropped = is_prefixed(walk, &walk->entry[i]);
    for (unsigned i = 0; i < walk->count; i++) {
        if (!walk->entry[i].is_dropped)
            walk->entry[count++] = walk->entry[i];
    }
    walk->count = count;
}

struct text {
    char *bytes;
    size_t size;
    size_t used;
    unsigned column;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    text->used += (size_t)length;
    text->column += (unsigned)length;
    if (text->used >= text->size)
        text->used = text->size - 1;
}

static void add_encoding(struct text *text, const struct entry *entry)
{
    static const char *const kinds[KINDS] = {"", "vex.", "xop.", "evex."};
    static const char *const prefix_names[] = {"", "66.", "f3.", "f2."};
    static const char *const maps[] = {"",      "0f.",   "0f38.", "0f3a.", "map4.", "map5.",
                                       "map6.", "map7.", "map8.", "map9.", "mapa."};
    const unsigned kind = entry->key >> 20, map = entry->key >> 16 & 15;
    const unsigned length = entry->key >> 8 & 15;
    char name[40];
    int n = snprintf(name, sizeof(name), "%s%s%s%s%02x", kinds[kind],
                     kind == VEX || kind == XOP ? (length ? "256." : "128.") : "",
                     prefix_names[entry->key >> PP_SHIFT & 15],
                     kind == LEGACY && map == ZYDIS_OPCODE_MAP_0F0F ? "0f0f." : maps[map],
                     entry->key & 0xff);
    for (unsigned reg = 0; reg < 8 && entry->regs != 0xff; reg++) {
        if (entry->regs & 1u << reg)
            n += snprintf(name + n, sizeof(name) - (size_t)n, "/%u", reg);
    }
    if (text->column + 1 + (unsigned)n > WIDTH) {
        add(text, "\n   ");
        text->column = 3;
    }
    add(text, " %s", name);
}

static void write_entries(const struct walk *walk, struct text *text)
{
    for (unsigned i = 0; i < walk->count; i++) {
        const struct entry *entry = &walk->entry[i];
        const struct entry *before = i > 0 ? entry - 1 : NULL;
        if (!before || before->group != entry->group)
            add(text, "%s\n# %s\n", before ? "\n" : "", reasons[entry->group]);
        if (!before || before->group != entry->group || before->mnemonic != entry->mnemonic) {
            if (before && before->group == entry->group)
                add(text, "\n");
            text->column = 0;
            for (const char *c = ZydisMnemonicGetString(entry->mnemonic); *c; c++)
                add(text, "%c", *c);
        }
        add_encoding(text, entry);
    }
    add(text, "\n");
}

bool refused_list(char *text, size_t size, struct refused_tally *tally)
{
    static struct walk walk;
    struct text out = {text, size, 0, 0};
    memset(&walk, 0, sizeof(walk));
    memset(tally, 0, sizeof(*tally));
    walk.tally = tally;
    for (unsigned i = 0; i < 2; i++) { /* 64-bit and 32-bit code */
        walk.mode = &opcodes_modes[i];
        ZydisDecoderInit(&walk.decoder, walk.mode->machine, walk.mode->stack);
        walk_mode(&walk);
    }
    merge_modes(&walk);
    merge_prefixes(&walk);
    add(&out, "# Encodings with a memory operand that the emulator refuses, by reason.\n"
              "# Written by test_refused: REFUSED_BLESS=1 ./dev test -R test_refused\n");
    write_entries(&walk, &out);
    return !walk.is_full && out.used + 1 < size;
}
