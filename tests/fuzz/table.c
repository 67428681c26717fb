/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <Zydis/Zydis.h>
#include <string.h>

#include "insn.h"

#define TABLE_MAX 8192u
#define SLOTS     32768u

static struct fuzz_insn table[TABLE_MAX];
static size_t table_count;
static uint64_t seen[SLOTS];

bool fuzz_has_row(const ZydisDecodedInstruction *decoded)
{
    bool is_string = decoded->meta.category == ZYDIS_CATEGORY_STRINGOP ||
                     decoded->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    static const bool rows[2][ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define WHE_BY_MNEMONIC
#define WHE_INSN(id, mnemonic, family, form, ...)                                                  \
    [WHE_FORM_##form >= WHE_FORM_MOVE][ZYDIS_MNEMONIC_##mnemonic] = true,
#include "rows.def"
    };
    return rows[is_string][decoded->mnemonic];
}

static const ZydisInstructionAttributes repeats =
    ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;

/* What makes an encoding worth keeping beside another; never 0. */
static uint64_t key_of(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands,
                       unsigned bits)
{
    uint64_t key = decoded->mnemonic;
    key = key << 8 | bits;
    key = key << 8 | decoded->operand_width;
    key = key << 2 | ((decoded->attributes & repeats) != 0);
    for (unsigned i = 0; i < 3; i++) {
        bool is_there = i < decoded->operand_count_visible;
        key = key << 3 | (is_there ? (uint64_t)operands[i].type : 0);
        bool is_segment = is_there && operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                          ZydisRegisterGetClass(operands[i].reg.value) == ZYDIS_REGCLASS_SEGMENT;
        key = key << 1 | is_segment;
    }
    return key;
}

static bool is_new(uint64_t key)
{
    size_t slot = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40) % SLOTS;
    while (seen[slot] != 0) {
        if (seen[slot] == key)
            return false;
        slot = (slot + 1) % SLOTS;
    }
    seen[slot] = key;
    return true;
}

static void describe(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands,
                     struct fuzz_insn *insn)
{
    bool is_string = decoded->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    if (decoded->attributes & ZYDIS_ATTRIB_HAS_MODRM)
        insn->modrm = decoded->raw.modrm.offset;
    insn->repeats = (decoded->attributes & repeats) != 0;
    insn->is_port = is_string || decoded->meta.category == ZYDIS_CATEGORY_IO;
    insn->is_out = decoded->mnemonic == ZYDIS_MNEMONIC_OUT;
    insn->port_size = (uint8_t)(operands[insn->is_out].size / 8);
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        bool is_hidden = operands[i].visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
        if (operands[i].type != ZYDIS_OPERAND_TYPE_MEMORY ||
            operands[i].mem.type != ZYDIS_MEMOP_TYPE_MEM || (is_hidden && insn->has_memory))
            continue;
        insn->has_memory = true;
        insn->is_write |= (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
        if (!is_string)
            continue;
        insn->is_out = !insn->is_write;
        insn->port_size = (uint8_t)(operands[i].size / 8);
    }
}

static void try(const ZydisDecoder *decoder, unsigned bits, const uint8_t *bytes)
{
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes, 15, &decoded, operands)) ||
        !fuzz_has_row(&decoded) || table_count == TABLE_MAX ||
        !is_new(key_of(&decoded, operands, bits)))
        return;
    struct fuzz_insn *insn = &table[table_count++];
    *insn = (struct fuzz_insn){.bits = (uint8_t)bits, .size = decoded.length};
    memcpy(insn->bytes, bytes, decoded.length);
    describe(&decoded, operands, insn);
}

/* Every opcode of a map behind a prefix: with a memory operand, with a register, and without
   ModRM. What follows serves as an immediate, or as the address of an operand. */
static void try_map(const ZydisDecoder *decoder, unsigned bits, const uint8_t *lead, size_t size)
{
    static const uint8_t tail[] = {FUZZ_TABLE_GVA & 0xff, FUZZ_TABLE_GVA >> 8, 0, 0, 0, 0, 0, 0};
    const unsigned memory = bits == 16 ? 0x07 : 0x03;
    uint8_t bytes[24] = {0};
    memcpy(bytes, lead, size);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        bytes[size] = (uint8_t)opcode;
        memcpy(bytes + size + 1, tail, sizeof(tail));
        try(decoder, bits, bytes);
        memcpy(bytes + size + 2, tail, sizeof(tail));
        for (unsigned reg = 0; reg < 8; reg++) {
            bytes[size + 1] = (uint8_t)(reg << 3 | memory);
            try(decoder, bits, bytes);
            bytes[size + 1] = (uint8_t)(0xc1 | reg << 3);
            try(decoder, bits, bytes);
        }
    }
}

static void make_table(void)
{
    static const struct {
        ZydisMachineMode mode;
        ZydisStackWidth stack;
        unsigned bits;
    } machines[] = {{ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64, 64},
                    {ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32, 32},
                    {ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16, 16}};
    static const struct {
        size_t size;
        uint8_t bytes[2];
    } prefixes[] = {{0, {0}},    {1, {0x66}},       {1, {0xf3}},       {1, {0xf2}},
                    {1, {0x48}}, {2, {0x66, 0x48}}, {2, {0xf3, 0x48}}, {2, {0x66, 0xf3}}},
      maps[] = {{0, {0}}, {1, {0x0f}}, {2, {0x0f, 0x38}}, {2, {0x0f, 0x3a}}};
    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        ZydisDecoder decoder;
        ZydisDecoderInit(&decoder, machines[i].mode, machines[i].stack);
        for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++) {
            for (size_t m = 0; m < sizeof(maps) / sizeof(maps[0]); m++) {
                uint8_t lead[4];
                memcpy(lead, prefixes[p].bytes, prefixes[p].size);
                memcpy(lead + prefixes[p].size, maps[m].bytes, maps[m].size);
                try_map(&decoder, machines[i].bits, lead, prefixes[p].size + maps[m].size);
            }
        }
    }
}

const struct fuzz_insn *fuzz_table(size_t *count)
{
    if (table_count == 0)
        make_table();
    *count = table_count;
    return table;
}
