/* SPDX-License-Identifier: MIT */
/* PUSH and POP. */
#include "generate.h"

#define VALUE UINT64_C(0x8877665544332211)
#define STACK (GEN_RAM + 0x400)

static const char *const modes[] = {"long64", "prot32", "prot16"};

/* The oracle's stack segment is a 32-bit one in 16-bit code, with a base. */
static uint64_t stack_pointer(const struct gen_case *c)
{
    return c->in.mode == ORACLE_16 ? STACK - ORACLE_ARENA : STACK;
}

static void with_memory(struct gen_writer *writer, enum oracle_mode mode, bool is_push,
                        unsigned size)
{
    struct gen_case *c = gen_begin(writer, mode);
    gen_name(c, "%s-m%u-%s", is_push ? "push" : "pop", 8 * size, modes[mode]);
    if (size == 2 ? mode != ORACLE_16 : mode == ORACLE_16)
        gen_byte(c, 0x66);
    gen_opcode(c, is_push ? 0xff : 0x8f, is_push ? 6 : 0);
    uint64_t at = gen_operand(c, gen_cut(VALUE, size), size);
    c->in.gpr[ORACLE_RSP] = stack_pointer(c);
    if (is_push) {
        gen_reads(c, at, size);
        gen_writes(c, STACK - size, size);
    } else {
        gen_poke(c, STACK, gen_cut(~VALUE, size), size);
        gen_reads(c, STACK, size);
        gen_writes(c, at, size);
    }
    gen_emit(writer);
}

static void with_register(struct gen_writer *writer, enum oracle_mode mode, bool is_push,
                          unsigned size, unsigned reg)
{
    struct gen_case *c = gen_begin(writer, mode);
    gen_name(c, "%s-r%u-%s-%s", is_push ? "push" : "pop", 8 * size,
             reg == ORACLE_RSP ? "stack-pointer" : "other", modes[mode]);
    if (size == 2 ? mode != ORACLE_16 : mode == ORACLE_16)
        gen_byte(c, 0x66);
    gen_byte(c, (is_push ? 0x50 : 0x58) + reg);
    if (reg != ORACLE_RSP)
        c->in.gpr[reg] = mode == ORACLE_64 ? VALUE : gen_cut(VALUE, 4);
    c->in.gpr[ORACLE_RSP] = stack_pointer(c);
    if (is_push) {
        gen_writes(c, STACK - size, size);
    } else {
        gen_poke(c, STACK, gen_cut(~VALUE, size), size);
        gen_reads(c, STACK, size);
    }
    gen_emit(writer);
}

void gen_stack(struct gen_writer *writer)
{
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_16; mode++)
        for (unsigned is_push = 0; is_push < 2; is_push++)
            for (unsigned wide = 0; wide < 2; wide++) {
                unsigned size = !wide ? 2 : mode == ORACLE_64 ? 8 : 4;
                with_memory(writer, mode, is_push, size);
                with_register(writer, mode, is_push, size, ORACLE_RDX);
                with_register(writer, mode, is_push, size, ORACLE_RSP);
            }
}
