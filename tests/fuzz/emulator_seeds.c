/* SPDX-License-Identifier: MIT */
/* Where the fuzzing of the emulator starts, and how it goes on from there. */
#include <stdlib.h>
#include <string.h>

#include "emulator_guest.h"
#include "table.h"
#include "target.h"

#define SEED_ANSWERS 48u
#define SEED_RIP     0x1000u
#define WORD_MAX     4u

static enum fuzz_mode mode_of(const struct fuzz_insn *insn, size_t index)
{
    static const enum fuzz_mode modes16[] = {FUZZ_REAL16, FUZZ_PROT16, FUZZ_VM86, FUZZ_COMPAT16};
    static const enum fuzz_mode modes32[] = {FUZZ_PROT32, FUZZ_COMPAT32, FUZZ_REAL32};
    if (insn->bits == 64)
        return FUZZ_LONG64;
    return insn->bits == 32 ? modes32[index % 3] : modes16[index % 4];
}

static uint32_t io_info(const struct fuzz_insn *insn)
{
    WHV_X64_IO_PORT_ACCESS_INFO info = {.AsUINT32 = 0};
    info.IsWrite = insn->is_out;
    info.AccessSize = insn->port_size & 7u;
    info.StringOp = insn->has_memory;
    info.RepPrefix = insn->repeats;
    return info.AsUINT32;
}

/* What makes an exit unusual, one after the other. */
static void vary(struct fuzz_seed *seed, size_t index)
{
    switch (index % 8) {
    case 1: /* single step */
        seed->rflags = 0x100;
        break;
    case 3: /* alignment checks, of an operand that is not aligned */
        seed->cpl = 3;
        seed->rflags = 0x40000;
        seed->gva -= seed->access == WHvMemoryAccessExecute ? 0 : 1;
        break;
    case 5: /* RF, and an interrupt shadow */
        seed->state = 0x1000;
        seed->rflags = 0x10000;
        break;
    case 7: /* downwards, unprivileged */
        seed->cpl = 3;
        seed->rflags = 0x400;
        break;
    default:
        break;
    }
}

static void emit_seed(const struct fuzz_insn *insn, size_t index, unsigned access, fuzz_take *take,
                      void *user)
{
    uint8_t bytes[FUZZ_HEAD + SEED_ANSWERS] = {0};
    struct fuzz_seed seed = {.mode = mode_of(insn, index),
                             .access = access,
                             .is_preview = index % 5 == 0,
                             .given = index % 4 == 0 ? 0 : insn->size,
                             .io_info = io_info(insn),
                             .gva = FUZZ_TABLE_GVA,
                             .rip = SEED_RIP,
                             .code = insn->bytes,
                             .code_size = insn->size};
    if (access == WHvMemoryAccessExecute)
        seed.gva = SEED_RIP;
    vary(&seed, index);
    fuzz_input_write(&seed, bytes);
    take(user, bytes, sizeof(bytes));
}

static void each_seed(fuzz_take *take, void *user)
{
    size_t count;
    const struct fuzz_insn *table = fuzz_table(&count);
    for (size_t i = 0; i < count; i++) {
        unsigned access = table[i].is_write ? WHvMemoryAccessWrite : WHvMemoryAccessRead;
        if (table[i].is_port)
            emit_seed(&table[i], i, FUZZ_ACCESS_PORT, take, user);
        if (table[i].has_memory)
            emit_seed(&table[i], i, access, take, user);
        if (table[i].is_port || !table[i].has_memory)
            emit_seed(&table[i], i, WHvMemoryAccessExecute, take, user);
    }
}

/* The first bytes of every instruction, each word once. */
static void each_word(fuzz_take *take, void *user)
{
    size_t count;
    const struct fuzz_insn *table = fuzz_table(&count);
    for (size_t i = 0; i < count; i++) {
        size_t size = table[i].size < WORD_MAX ? table[i].size : WORD_MAX;
        bool is_known = false;
        for (size_t k = 0; k < i && !is_known; k++)
            is_known = table[k].size >= size && memcmp(table[k].bytes, table[i].bytes, size) == 0;
        if (!is_known)
            take(user, table[i].bytes, size);
    }
}

/* An instruction of the table in place of the one that is there, with or without its mode. */
static void replace_instruction(uint8_t *data, unsigned int seed)
{
    size_t count;
    const struct fuzz_insn *table = fuzz_table(&count);
    size_t index = seed / 16 % count;
    memset(data + FUZZ_CODE, 0, FUZZ_CODE_SIZE);
    memcpy(data + FUZZ_CODE, table[index].bytes, table[index].size);
    if (seed & 8)
        data[1] = (uint8_t)((data[1] & ~7u) | mode_of(&table[index], index));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    if (max_size < FUZZ_HEAD)
        return LLVMFuzzerMutate(data, size, max_size);
    if (size < FUZZ_HEAD) {
        memset(data + size, 0, FUZZ_HEAD - size);
        size = FUZZ_HEAD;
    }
    switch (seed % 8) {
    case 0:
        fuzz_mutate_field(data, FUZZ_CODE);
        return size;
    case 1:
    case 2:
        fuzz_mutate_field(data + FUZZ_CODE, FUZZ_CODE_SIZE);
        return size;
    case 3:
        fuzz_mutate_field(data + FUZZ_CODE + FUZZ_CODE_SIZE,
                          FUZZ_HEAD - FUZZ_CODE - FUZZ_CODE_SIZE);
        return size;
    case 4:
        replace_instruction(data, seed / 8);
        return size;
    case 5:
        return LLVMFuzzerMutate(data, size, max_size);
    default:
        return FUZZ_HEAD +
               LLVMFuzzerMutate(data + FUZZ_HEAD, size - FUZZ_HEAD, max_size - FUZZ_HEAD);
    }
}

const struct fuzz_target fuzz_target = {.name = "fuzz_emulator",
                                        .input_max = FUZZ_INPUT_MAX,
                                        .each_seed = each_seed,
                                        .each_word = each_word,
                                        .has_reached_all = fuzz_emulator_has_reached_all};
