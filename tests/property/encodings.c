/* SPDX-License-Identifier: MIT */
#include "encodings.h"

#include <string.h>

#include "insn.h"

static const struct {
    const char *name;
    ZydisMnemonic mnemonic;
    bool is_string;
} rows[] = {
#define WHE_BY_MNEMONIC
#define WHE_INSN(id, mnemonic, family, form, ...)                                                  \
    {#mnemonic, ZYDIS_MNEMONIC_##mnemonic, WHE_FORM_##form >= WHE_FORM_MOVE},
#include "rows.def"
};

/* Mnemonics that are not tried: the model does not know what they need. */
static const char *const left_out[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define LEFT_OUT(mnemonic, reason) [ZYDIS_MNEMONIC_##mnemonic] = reason,
#include "encodings_left_out.def"
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Rows by mnemonic: plain and string; one more than the row's number. */
static uint16_t row_of[ZYDIS_MNEMONIC_MAX_VALUE + 1][2];

static struct encodings all;
static size_t first_of[ROWS + 1][ENCODING_CODES]; /* where a row's encodings begin */

enum encoding_code encoding_code_of_mode(enum guest_mode mode)
{
    if (mode == GUEST_LONG64)
        return ENCODING_64;
    return mode == GUEST_PROT32 || mode == GUEST_COMPAT32 ? ENCODING_32 : ENCODING_16;
}

size_t encodings_rows(void)
{
    return ROWS;
}

const char *encodings_left_out(size_t row)
{
    return left_out[rows[row].mnemonic];
}

const char *encodings_row_name(size_t row)
{
    return rows[row].name;
}

/* @return whether it reads, writes or clears the upper half of a YMM register. SDM 2A, 2.3.10.1. */
static bool has_upper(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands)
{
    for (unsigned i = 0; i < insn->operand_count; i++) {
        if (operands[i].type != ZYDIS_OPERAND_TYPE_REGISTER)
            continue;
        const ZydisRegisterClass kind = ZydisRegisterGetClass(operands[i].reg.value);
        const bool is_written = operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
        if (kind == ZYDIS_REGCLASS_YMM || (kind == ZYDIS_REGCLASS_XMM && is_written))
            return true;
    }
    return false;
}

/* @return one more than the number of an instruction's row, or 0. */
static unsigned find_row(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands)
{
    if (insn->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY && has_upper(insn, operands))
        return 0;
    /* Far branches are other rows than near ones: traces/manual judges these. */
    if (insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        return 0;
    bool is_string = insn->meta.category == ZYDIS_CATEGORY_STRINGOP ||
                     insn->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    return row_of[insn->mnemonic][is_string];
}

bool encodings_know(const struct model *model)
{
    encodings_all();
    return find_row(&model->insn, model->operand) != 0;
}

static size_t write_opcode(const struct encoding *e, const struct encoding_extras *extras,
                           uint8_t *bytes)
{
    size_t size = 0;
    uint8_t rex = (uint8_t)((extras->rex & 7u) | (e->rex_w ? 8u : 0u));
    if (e->vex) {
        uint8_t inverted = e->code == ENCODING_64 ? (uint8_t)(~rex & 7u) : 7u;
        bytes[size++] = 0xc4;
        bytes[size++] = (uint8_t)(inverted << 5 | e->map);
        bytes[size++] = (uint8_t)((e->rex_w ? 0x80u : 0u) | 0x78u | (e->vex - 1u));
        bytes[size++] = e->opcode;
        return size;
    }
    if (e->prefix)
        bytes[size++] = e->prefix;
    if (rex && e->code == ENCODING_64)
        bytes[size++] = 0x40 | rex;
    if (e->map > 0)
        bytes[size++] = 0x0f;
    if (e->map > 1)
        bytes[size++] = e->map == 2 ? 0x38 : 0x3a;
    bytes[size++] = e->opcode;
    return size;
}

size_t encoding_write(const struct encoding *encoding, const struct encoding_extras *extras,
                      uint8_t bytes[ENCODING_BYTES])
{
    size_t size = extras->prefix_count;
    memcpy(bytes, extras->prefixes, size);
    size += write_opcode(encoding, extras, bytes + size);
    if (encoding->has_rm)
        bytes[size++] = (uint8_t)(0xc0u | (unsigned)encoding->reg << 3 | encoding->rm);
    else if (encoding->has_modrm)
        bytes[size++] = (uint8_t)((extras->modrm & 0xc7u) | (unsigned)encoding->reg << 3);
    memcpy(bytes + size, extras->tail, sizeof(extras->tail));
    return size + sizeof(extras->tail);
}

/* @return whether a byte in the first map begins something else than an opcode. */
static bool is_no_opcode(const struct encoding *e)
{
    static const uint8_t prefixes[] = {0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64,
                                       0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
    if (e->map == 1)
        return e->opcode == 0x38 || e->opcode == 0x3a;
    if (e->map != 0)
        return false;
    return memchr(prefixes, e->opcode, sizeof(prefixes)) != NULL ||
           (e->code == ENCODING_64 && (e->opcode & 0xf0) == 0x40);
}

static void add(const struct encoding *encoding)
{
    if (all.count < ENCODINGS_MAX)
        all.encoding[all.count] = *encoding;
    all.count++;
}

static bool is_x87(const struct encoding *e)
{
    return e->map == 0 && !e->vex && (e->opcode & 0xf8) == 0xd8;
}

/* Tries one opcode with every value of ModRM.reg: once with a memory operand, once without, which
   may be another row. */
static void try_opcode(const ZydisDecoder *decoder, struct encoding e)
{
    /* MOV of control and debug registers: traces/manual judges these. */
    if (e.map == 1 && !e.vex && (e.opcode & 0xfc) == 0x20)
        return;
    for (e.reg = 0; e.reg < 8; e.reg++) {
        unsigned known = 0;
        for (unsigned form = 0; form < (is_x87(&e) ? 1u : 2u); form++) {
            struct encoding_extras extras = {.modrm = form ? 0xc3 : 0x03};
            uint8_t bytes[ENCODING_BYTES];
            ZydisDecodedInstruction insn;
            ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
            e.has_modrm = true;
            size_t size = encoding_write(&e, &extras, bytes);
            if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes, size, &insn, operands)))
                continue;
            unsigned row = find_row(&insn, operands);
            e.has_modrm = (insn.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;
            e.row = (uint16_t)(row - 1);
            if (row != 0 && row != known && !left_out[insn.mnemonic])
                add(&e);
            known = row;
            if (!e.has_modrm)
                return;
        }
    }
}

/*
 * With registers all of ModRM tells what the x87 does: of a row that has all eight one is enough.
 */
static void try_x87(const ZydisDecoder *decoder, struct encoding e)
{
    e.has_modrm = e.has_rm = true;
    for (e.reg = 0; e.reg < 8; e.reg++) {
        unsigned known = 0;
        for (e.rm = 0; e.rm < 8; e.rm++) {
            const struct encoding_extras extras = {.prefix_count = 0};
            uint8_t bytes[ENCODING_BYTES];
            ZydisDecodedInstruction insn;
            size_t size = encoding_write(&e, &extras, bytes);
            if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder, NULL, bytes, size, &insn)))
                continue;
            const unsigned row = find_row(&insn, NULL);
            e.row = (uint16_t)(row - 1);
            if (row != 0 && row != known)
                add(&e);
            known = row;
        }
    }
}

static void try_map(const ZydisDecoder *decoder, struct encoding e)
{
    for (unsigned opcode = 0; opcode < 0x100; opcode++) {
        e.opcode = (uint8_t)opcode;
        if (is_x87(&e))
            try_x87(decoder, e);
        if (e.vex || !is_no_opcode(&e))
            try_opcode(decoder, e);
    }
}

static void try_code(enum encoding_code code)
{
    static const uint8_t prefixes[] = {0, 0x66, 0xf2, 0xf3, 0xf0};
    struct encoding e = {.code = (uint8_t)code};
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder,
                     code == ENCODING_64   ? ZYDIS_MACHINE_MODE_LONG_64
                     : code == ENCODING_32 ? ZYDIS_MACHINE_MODE_LEGACY_32
                                           : ZYDIS_MACHINE_MODE_LEGACY_16,
                     code == ENCODING_64   ? ZYDIS_STACK_WIDTH_64
                     : code == ENCODING_32 ? ZYDIS_STACK_WIDTH_32
                                           : ZYDIS_STACK_WIDTH_16);
    for (unsigned w = 0; w < (code == ENCODING_64 ? 2u : 1u); w++) {
        e.rex_w = w;
        for (size_t i = 0; i < sizeof(prefixes); i++) {
            e.prefix = prefixes[i];
            for (e.map = 0; e.map < 4; e.map++)
                try_map(&decoder, e);
        }
        e.prefix = 0;
        for (e.vex = 1; e.vex <= 4; e.vex++) {
            for (e.map = 1; e.map < 4; e.map++)
                try_map(&decoder, e);
        }
        e.vex = 0;
    }
}

static int compare(const void *left, const void *right)
{
    const struct encoding *a = left;
    const struct encoding *b = right;
    int difference = a->row != b->row ? (a->row < b->row ? -1 : 1) : (int)a->code - (int)b->code;
    return difference ? difference : memcmp(a, b, sizeof(*a));
}

static void index_rows(void)
{
    size_t at = 0;
    for (size_t row = 0; row <= ROWS; row++) {
        for (unsigned code = 0; code < ENCODING_CODES; code++) {
            first_of[row][code] = at;
            while (at < all.count && all.encoding[at].row == row && all.encoding[at].code == code)
                at++;
        }
    }
}

const struct encodings *encodings_all(void)
{
    if (all.count > 0)
        return &all;
    for (size_t i = 0; i < ROWS; i++)
        row_of[rows[i].mnemonic][rows[i].is_string] = (uint16_t)(i + 1);
    for (unsigned code = 0; code < ENCODING_CODES; code++)
        try_code((enum encoding_code)code);
    if (all.count > ENCODINGS_MAX)
        all.count = ENCODINGS_MAX;
    qsort(all.encoding, all.count, sizeof(all.encoding[0]), compare);
    index_rows();
    return &all;
}

const struct encoding *encodings_pick(struct random *random, enum guest_mode mode)
{
    const enum encoding_code code = encoding_code_of_mode(mode);
    encodings_all();
    for (;;) {
        size_t row = random_below(random, ROWS);
        size_t first = first_of[row][code];
        size_t end = code + 1 < ENCODING_CODES ? first_of[row][code + 1] : first_of[row + 1][0];
        if (end > first)
            return &all.encoding[first + random_below(random, (unsigned)(end - first))];
    }
}
