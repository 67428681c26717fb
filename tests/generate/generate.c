/* SPDX-License-Identifier: MIT */
#include "generate.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH_PREFIX   0x66u
#define REX_W          0x48u
#define OPERAND_OFFSET 0x40u

void gen_die(const struct gen_case *c, const char *why)
{
    fprintf(stderr, "generate_cases: %s: %s\n", c->id, why);
    exit(1);
}

uint64_t gen_cut(uint64_t value, unsigned size)
{
    return size >= 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

/* 16-bit addresses reach device and RAM through segments. */
static void set_segments(struct gen_case *c)
{
    for (enum oracle_sreg i = 0; c->in.mode == ORACLE_16 && i < ORACLE_SREGS; i++)
        c->in.segment[i] =
            (struct oracle_segment){.kind = ORACLE_DATA, .base = ORACLE_ARENA, .limit = 0xffff};
}

struct gen_case *gen_begin(struct gen_writer *writer, enum oracle_mode mode)
{
    struct gen_case *c = &writer->made;
    memset(c, 0, sizeof(*c));
    c->in.mode = mode;
    c->in.block[0] =
        (struct oracle_block){GEN_DEVICE, GEN_BLOCK_SIZE, ORACLE_READ_WRITE, c->device};
    c->in.block[1] = (struct oracle_block){GEN_RAM, GEN_BLOCK_SIZE, ORACLE_READ_WRITE, c->ram};
    c->in.block_count = 2;
    set_segments(c);
    return c;
}

void gen_name(struct gen_case *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(c->id, sizeof(c->id), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(c->id))
        gen_die(c, "the name is too long");
}

void gen_byte(struct gen_case *c, unsigned byte)
{
    if (c->in.code_size == ORACLE_CODE_MAX)
        gen_die(c, "the instruction is too long");
    c->in.code[c->in.code_size++] = (uint8_t)byte;
}

void gen_immediate(struct gen_case *c, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        gen_byte(c, (unsigned)(value >> 8 * i) & 0xff);
}

void gen_width(struct gen_case *c, unsigned size)
{
    unsigned usual = c->in.mode == ORACLE_16 ? 2 : 4;
    if (size == 8)
        gen_byte(c, REX_W);
    else if (size != 1 && size != usual)
        gen_byte(c, WIDTH_PREFIX);
}

static void put_opcode(struct gen_case *c, unsigned opcode)
{
    if (opcode > 0xff)
        gen_byte(c, opcode >> 8);
    gen_byte(c, opcode & 0xff);
}

void gen_opcode(struct gen_case *c, unsigned opcode, unsigned reg)
{
    put_opcode(c, opcode);
    gen_byte(c, reg << 3 | (c->in.mode == ORACLE_16 ? 7 : 3)); /* [BX], [EBX], [RBX] */
}

void gen_opcode_register(struct gen_case *c, unsigned opcode, unsigned reg, unsigned rm)
{
    put_opcode(c, opcode);
    gen_byte(c, 0xc0 | reg << 3 | rm);
}

static uint8_t *contents(struct gen_case *c, uint64_t linear, unsigned size)
{
    if (linear >= GEN_DEVICE && linear - GEN_DEVICE + size <= GEN_BLOCK_SIZE)
        return c->device + (linear - GEN_DEVICE);
    if (linear >= GEN_RAM && linear - GEN_RAM + size <= GEN_BLOCK_SIZE)
        return c->ram + (linear - GEN_RAM);
    gen_die(c, "an address outside device and RAM");
}

void gen_poke(struct gen_case *c, uint64_t linear, uint64_t value, unsigned size)
{
    uint8_t *bytes = contents(c, linear, size);
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

static void add_access(struct gen_case *c, struct gen_access access)
{
    if (c->access_count == GEN_ACCESSES)
        gen_die(c, "too many accesses");
    (void)contents(c, access.linear, access.size);
    c->access[c->access_count++] = access;
}

void gen_reads(struct gen_case *c, uint64_t linear, unsigned size)
{
    add_access(c, (struct gen_access){.linear = linear, .size = (uint8_t)size});
}

void gen_writes(struct gen_case *c, uint64_t linear, unsigned size)
{
    add_access(c, (struct gen_access){.linear = linear, .size = (uint8_t)size, .is_write = true});
}

void gen_copies(struct gen_case *c, uint64_t linear, unsigned size)
{
    gen_writes(c, linear, size);
    c->access[c->access_count - 1].is_copy = true;
}

uint64_t gen_operand(struct gen_case *c, uint64_t value, unsigned size)
{
    uint64_t linear = GEN_DEVICE + OPERAND_OFFSET;
    gen_poke(c, linear, value, size);
    c->in.gpr[ORACLE_RBX] = c->in.mode == ORACLE_16 ? OPERAND_OFFSET : linear;
    return linear;
}

static void add_reg(struct gen_case *c, struct gen_reg *regs, unsigned *count, struct gen_reg reg)
{
    if (*count == GEN_REGS)
        gen_die(c, "too many registers");
    regs[(*count)++] = reg;
}

void gen_give(struct gen_case *c, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE value)
{
    add_reg(c, c->given, &c->given_count, (struct gen_reg){name, value});
}

void gen_want(struct gen_case *c, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE value)
{
    add_reg(c, c->wanted, &c->wanted_count, (struct gen_reg){name, value});
}

static struct oracle_out result;

struct oracle_out *gen_result(const struct gen_case *c)
{
    memset(&result, 0, sizeof(result));
    result.completed = true;
    result.rflags = c->in.rflags;
    result.rip = (c->in.mode == ORACLE_16 ? ORACLE_IP16 : ORACLE_RIP) + c->in.code_size;
    memcpy(result.gpr, c->in.gpr, sizeof(result.gpr));
    memcpy(result.xmm, c->in.xmm, sizeof(result.xmm));
    memcpy(result.memory, c->device, GEN_BLOCK_SIZE);
    memcpy(result.memory + GEN_BLOCK_SIZE, c->ram, GEN_BLOCK_SIZE);
    result.fx = oracle_fx(&c->in);
    return &result;
}

void gen_emit(struct gen_writer *writer)
{
    if (!oracle_run(&writer->made.in, &result))
        gen_die(&writer->made, "the oracle refuses");
    gen_emit_result(writer, &result);
}

void gen_emit_where(struct gen_writer *writer)
{
    struct gen_case *c = &writer->made;
    unsigned found = 0;
    if (!oracle_run(&c->in, &result))
        gen_die(c, "the oracle refuses");
    for (unsigned i = 0; i < GEN_BLOCK_SIZE; i++) {
        if (result.memory[i] == c->device[i])
            continue;
        gen_writes(c, GEN_DEVICE + i, 1);
        found++;
    }
    if (found != 1)
        gen_die(c, "not one byte of the device changed");
    gen_emit_result(writer, &result);
}
