/* SPDX-License-Identifier: MIT */
/* Changes of an input of fuzz_native: LLVMFuzzerCustomMutator. */
#include <string.h>

#include "native_input.h"
#include "stream.h"
#include "table.h"
#include "target.h"

/* An instruction that is being put together. */
struct code {
    uint8_t bytes[32];
    unsigned size;
};

static void emit(struct code *code, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        code->bytes[code->size++] = (uint8_t)(value >> 8 * i);
}

static bool is_legacy_prefix(uint8_t byte)
{
    return memchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3", byte, 11) != NULL;
}

/*
 * Prefixes and opcode of an instruction of the table, with 67h, and with bits of REX if it can be.
 */
static void emit_opcode(struct code *code, const struct fuzz_insn *insn, bool has_67, uint8_t rex)
{
    unsigned at = 0;
    if (has_67)
        emit(code, 0x67, 1);
    while (is_legacy_prefix(insn->bytes[at]))
        emit(code, insn->bytes[at++], 1);
    if (insn->bits == 64 && (insn->bytes[at] & 0xf0) == 0x40)
        rex |= insn->bytes[at++];
    if (insn->bits == 64 && rex != 0)
        emit(code, rex | 0x40u, 1);
    while (at < insn->modrm)
        emit(code, insn->bytes[at++], 1);
}

/* A displacement: anything, or what leads to the arena without a register. */
static void emit_displacement(struct code *code, struct rows_random *random, unsigned size)
{
    uint64_t value = rows_next(random);
    if (size == 4 && !rows_once_in(random, 4))
        value = ORACLE_ARENA + ORACLE_ARENA_SIZE / 2 + rows_below(random, 0x7000);
    else if (!rows_once_in(random, 4))
        value = (uint64_t)(int64_t)(int8_t)value;
    emit(code, value, size);
}

static void emit_address(struct code *code, struct rows_random *random, unsigned bits, uint8_t reg)
{
    unsigned mod = rows_below(random, 3), rm = rows_below(random, 8);
    if (bits != 16 && rows_once_in(random, 2))
        rm = 4;
    uint8_t sib = (uint8_t)rows_next(random);
    if (rows_once_in(random, 5)) { /* a register, perhaps the one that ModRM names already */
        emit(code, 0xc0 | (reg & 0x38u) | rm, 1);
        return;
    }
    bool is_absolute = bits == 16 ? rm == 6 : rm == 5 || (rm == 4 && (sib & 7) == 5);
    emit(code, mod << 6 | (reg & 0x38u) | rm, 1);
    if (bits != 16 && rm == 4)
        emit(code, sib, 1);
    if (mod == 1)
        emit_displacement(code, random, 1);
    else if (mod == 2 || is_absolute)
        emit_displacement(code, random, bits == 16 ? 2 : 4);
}

/* An instruction of the table with its memory operand addressed in another way. */
static void readdress(uint8_t *data, const struct fuzz_insn *insn, unsigned int seed)
{
    struct rows_random random = {seed};
    struct code code = {.size = 0};
    bool has_67 = rows_once_in(&random, 3);
    uint8_t rex = rows_once_in(&random, 2) ? (uint8_t)rows_below(&random, 16) : 0;
    unsigned bits = insn->bits == 64 ? (has_67 ? 32 : 64) : (insn->bits == 16) != has_67 ? 16 : 32;
    if (insn->modrm == 0)
        return;
    emit_opcode(&code, insn, has_67, rex);
    emit_address(&code, &random, bits, insn->bytes[insn->modrm]);
    for (unsigned i = insn->modrm + 1u; i < insn->size; i++)
        emit(&code, insn->bytes[i], 1);
    data[0] = insn->bits == 64 ? ORACLE_64 : insn->bits == 32 ? ORACLE_32 : ORACLE_16;
    memset(data + NATIVE_CODE, 0, ORACLE_CODE_MAX);
    memcpy(data + NATIVE_CODE, code.bytes,
           code.size < ORACLE_CODE_MAX ? code.size : ORACLE_CODE_MAX);
}

/* Prefixes in odd orders are what no encoder makes. */
static void insert_prefix(uint8_t *code, unsigned int seed)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67,
                                       0xf0, 0xf2, 0xf3, 0x40, 0x41, 0x42, 0x44, 0x48};
    memmove(code + 1, code, ORACLE_CODE_MAX - 1);
    code[0] = prefixes[seed % sizeof(prefixes)];
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    size_t count;
    const struct fuzz_insn *table = fuzz_table(&count);
    const struct fuzz_insn *insn = &table[seed / 8 % count];
    if (max_size < NATIVE_INPUT)
        return size;
    if (size < NATIVE_INPUT)
        memset(data + size, 0, NATIVE_INPUT - size);
    switch (seed % 8) {
    case 0:
        fuzz_mutate_field(data, NATIVE_CODE);
        data[NATIVE_CONTEXT] = (uint8_t)(seed >> 8);
        break;
    case 1:
        insert_prefix(data + NATIVE_CODE, seed / 8);
        break;
    case 2:
        fuzz_mutate_field(data + NATIVE_CODE, ORACLE_CODE_MAX);
        break;
    case 3:
        memcpy(data + NATIVE_CODE, insn->bytes, insn->size);
        break;
    case 4:
        readdress(data, insn, seed);
        break;
    default:
        fuzz_mutate_field(data + NATIVE_REGISTERS, NATIVE_INPUT - NATIVE_REGISTERS);
        break;
    }
    return NATIVE_INPUT;
}
