/* SPDX-License-Identifier: MIT */
#include "native_input.h"

#include <string.h>

#include "stream.h"
#include "table.h"

#define BLOCKS_SIZE 0x8000u /* from the first block to the end of the last */
#define NO_AIM      4u
#define NEAR_EDGE   8u
#define RFLAGS_AC   UINT64_C(0x40000)

static uint64_t rflags_from_bits(uint8_t bits)
{
    static const uint64_t flags[8] = {0x1, 0x4, 0x10, 0x40, 0x80, 0x400, 0x800, 0x40000};
    uint64_t rflags = 0;
    for (unsigned i = 0; i < 8; i++)
        rflags |= bits >> i & 1 ? flags[i] : 0;
    return rflags;
}

static uint64_t register_value(const struct rows_world *world, const struct oracle_in *in,
                               unsigned kind, uint64_t value)
{
    const uint64_t blocks = in->block[0].address;
    switch (kind % 9) {
    case 1:
        return value;
    case 2:
        return (uint64_t)(int64_t)(int8_t)value;
    case 3:
        return value & 0xff;
    case 4:
        return (value & ~UINT64_C(0xffff)) | world->selector[value % ROWS_SELECTORS];
    case 5:
        return UINT64_C(1) << (value & 63);
    case 6:
        return ~(value & 0xffff);
    case 8: /* a short count, with something above it */
        return value & UINT64_C(0xffffffff000000ff);
    case 7: /* around the edges of pages */
        return blocks + (value & 0x7000) - 8 + (value & 15);
    default:
        return blocks + value % BLOCKS_SIZE;
    }
}

/* Real and virtual-8086 mode know no VEX. */
static ZyanStatus decode(enum oracle_context context, struct oracle_in *in,
                         struct native_insn *insn)
{
    bool is_real = context == ORACLE_REAL || context == ORACLE_VM86;
    static const struct {
        ZydisMachineMode mode;
        ZydisStackWidth stack;
    } machines[] = {[ORACLE_64] = {ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64},
                    [ORACLE_32] = {ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32},
                    [ORACLE_16] = {ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16}};
    ZydisDecoder decoder;
    ZydisMachineMode mode = machines[in->mode].mode;
    if (is_real && in->mode == ORACLE_16)
        mode = ZYDIS_MACHINE_MODE_REAL_16;
    ZydisDecoderInit(&decoder, mode, machines[in->mode].stack);
    ZyanStatus status =
        ZydisDecoderDecodeFull(&decoder, in->code, ORACLE_CODE_MAX, &insn->decoded, insn->operands);
    in->code_size = ZYAN_SUCCESS(status) ? insn->decoded.length : ORACLE_CODE_MAX;
    return status;
}

static void read_exit(struct rows_case *made, uint8_t byte, uint8_t page)
{
    const uint64_t start = made->in.mode == ORACLE_16 ? ORACLE_CODE16 + ORACLE_IP16 : ORACLE_RIP;
    made->exit = (struct oracle_exit){WHvMemoryAccessExecute, true, start, byte >> 4};
    if ((byte & 3) == 1 || (byte & 3) == 2) {
        bool is_write = (byte & 3) == 2;
        made->exit.access = is_write ? WHvMemoryAccessWrite : WHvMemoryAccessRead;
        made->exit.gva = made->in.block[0].address + (page % 8u) * ORACLE_PAGE;
        made->exit.gva_valid = rows_is_accessible(made->exit.gva, is_write);
    }
}

/* Hints have operands in memory, and make no access. */
static bool is_hint(const ZydisDecodedInstruction *decoded)
{
    return decoded->meta.category == ZYDIS_CATEGORY_NOP ||
           decoded->meta.category == ZYDIS_CATEGORY_WIDENOP ||
           decoded->meta.category == ZYDIS_CATEGORY_PREFETCH;
}

/* An instruction that cannot have made the access of the exit is no matter of the processor's. */
static void keep_possible_exit(const struct native_insn *insn, struct rows_case *made)
{
    const unsigned wanted = made->exit.access == WHvMemoryAccessWrite
                                ? ZYDIS_OPERAND_ACTION_MASK_WRITE
                                : ZYDIS_OPERAND_ACTION_MASK_READ;
    for (unsigned i = 0; i < insn->decoded.operand_count; i++) {
        if (insn->operands[i].type != ZYDIS_OPERAND_TYPE_MEMORY ||
            !(insn->operands[i].actions & wanted) || is_hint(&insn->decoded))
            continue;
        /* The exit's address lies at the beginning of a page: there it can only be a byte's. */
        made->exit.gva_valid &= insn->operands[i].size > 8;
        return;
    }
    made->exit.access = WHvMemoryAccessExecute;
    made->exit.gva_valid = false;
}

static void read_registers(const struct rows_world *world, struct fuzz_stream *stream,
                           struct oracle_in *in)
{
    stream->at = NATIVE_REGISTERS;
    for (unsigned i = 0; i < 16; i++) {
        unsigned kind = fuzz_byte(stream);
        in->gpr[i] = register_value(world, in, kind, fuzz_number(stream, 8));
    }
}

/* LOCK where it is not allowed is #UD for every instruction of the table. For others not: on AMD's
   processors LOCK MOV CR0 is MOV CR8, and VERW looks at its operand first. */
static enum native_verdict judge_bad_lock(const struct rows_world *world, struct rows_case *made)
{
    const struct oracle_in *in = &made->in;
    struct native_insn insn;
    struct oracle_in without = *in;
    unsigned kept = 0;
    bool is_prefix = true;
    for (unsigned i = 0; i < ORACLE_CODE_MAX; i++) {
        is_prefix &= memchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3", in->code[i], 11) ||
                     (in->mode == ORACLE_64 && (in->code[i] & 0xf0) == 0x40);
        if (!is_prefix || in->code[i] != 0xf0)
            without.code[kept++] = in->code[i];
    }
    if (!ZYAN_SUCCESS(decode(made->context, &without, &insn)) || !fuzz_has_row(&insn.decoded))
        return NATIVE_UNFIT;
    return native_judge(world, &insn, made);
}

/* Virtual-8086 mode has no 32-bit code. */
static enum oracle_context context_from_byte(enum oracle_mode mode, uint8_t byte)
{
    enum oracle_context context = byte >> 1 & 3;
    if (mode == ORACLE_64 || (mode == ORACLE_32 && context == ORACLE_VM86))
        return ORACLE_LONG;
    return context;
}

static void surround(const struct rows_world *world, enum oracle_mode mode, uint64_t seed,
                     uint8_t flags, uint8_t context, struct rows_case *made)
{
    struct rows_random random = {seed};
    struct oracle_in *in = &made->in;
    memset(made, 0, sizeof(*made));
    rows_surround(world, &random, mode, ROWS_INTEGERS, in);
    made->context = context_from_byte(mode, context);
    if (made->context == ORACLE_REAL || made->context == ORACLE_VM86)
        rows_surround_real(&random, made->context, in);
    in->rflags = rflags_from_bits(flags) | (context & 1 ? ORACLE_TF : 0);
    if (world->habits.pages_first || made->context == ORACLE_REAL)
        in->rflags &= ~RFLAGS_AC;
}

enum native_verdict native_read(const struct rows_world *world, const uint8_t *bytes, size_t size,
                                struct rows_case *made, struct native_insn *insn)
{
    uint8_t all[NATIVE_INPUT] = {0};
    memcpy(all, bytes, size < sizeof(all) ? size : sizeof(all));
    struct fuzz_stream stream = {all, sizeof(all), 0};
    struct oracle_in *in = &made->in;
    enum oracle_mode mode = fuzz_byte(&stream) % 3u;
    uint8_t flags = fuzz_byte(&stream);
    uint8_t exit = fuzz_byte(&stream);
    uint8_t page = fuzz_byte(&stream);
    uint64_t target = fuzz_number(&stream, 2);
    uint64_t seed = fuzz_number(&stream, 2);

    surround(world, mode, seed, flags, all[NATIVE_CONTEXT], made);
    memcpy(in->code, all + NATIVE_CODE, ORACLE_CODE_MAX);
    read_registers(world, &stream, in);
    read_exit(made, exit, page);
    ZyanStatus status = decode(made->context, in, insn);
    if (status == ZYDIS_STATUS_ILLEGAL_LOCK)
        return judge_bad_lock(world, made);
    if (!ZYAN_SUCCESS(status))
        return NATIVE_INVALID;
    if (insn->decoded.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE)
        return NATIVE_UNFIT; /* the oracle goes on behind the instruction */
    keep_possible_exit(insn, made);
    if (exit & NEAR_EDGE)
        target = (target & 0x7000) + 0xff8 + (target & 15);
    if (!(exit & NO_AIM))
        native_aim(insn, in->block[0].address - 16 + target % (BLOCKS_SIZE + 32), in);
    return native_judge(world, insn, made);
}
