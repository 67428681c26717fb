/* SPDX-License-Identifier: MIT */
/* PUSHA, POPA, PUSHF, POPF, ENTER, LEAVE; near CALL, JMP and RET; LES and its kin. */
#include "generate.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))
#define STACK        (GEN_DEVICE + 0x180) /* rSP */
#define FRAME        (GEN_DEVICE + 0x1c0) /* rBP */
#define ALLOCATED    0x20u
#define TARGET       0x900u /* in the page of the code */
#define VALUE        UINT64_C(0x8877665544332211)
#define RFLAGS_IF    0x202u
#define DATA_DPL3    0xc0f3u
#define FLAT_DATA    UINT64_C(0x00cff3000000ffff)
#define USER_DATA    0x2bu /* the oracle's */

static const char *const modes[] = {"long64", "prot32", "prot16"};

/* The offset in the oracle's stack or data segment. */
static uint64_t offset_of(enum oracle_mode mode, uint64_t linear)
{
    return mode == ORACLE_16 ? linear - ORACLE_ARENA : linear;
}

/* @return with rSP in the device and the prefix for operands of so many bytes of the stack. */
static struct gen_case *begin(struct gen_writer *writer, enum oracle_mode mode, unsigned size,
                              const char *name)
{
    struct gen_case *c = gen_begin(writer, mode);
    gen_name(c, "%s-%u-%s", name, 8 * size, modes[mode]);
    for (unsigned i = 0; i < 8; i++)
        c->in.gpr[i] = gen_cut(VALUE + i * UINT64_C(0x0101010101010101), mode == ORACLE_64 ? 8 : 4);
    c->in.gpr[ORACLE_RSP] = offset_of(mode, STACK);
    c->in.gpr[ORACLE_RBP] = offset_of(mode, FRAME);
    if (size == 2 ? mode != ORACLE_16 : mode == ORACLE_16)
        gen_byte(c, 0x66);
    return c;
}

static void all_registers(struct gen_writer *writer, enum oracle_mode mode, unsigned size)
{
    struct gen_case *c = begin(writer, mode, size, "pusha");
    gen_byte(c, 0x60);
    for (unsigned i = 8; i > 0; i--)
        gen_writes(c, STACK - i * size, size);
    gen_emit(writer);

    c = begin(writer, mode, size, "popa");
    gen_byte(c, 0x61);
    c->in.gpr[ORACLE_RSP] = offset_of(mode, GEN_RAM);
    for (unsigned i = 0; i < 8; i++)
        gen_poke(c, GEN_RAM + i * size, gen_cut(VALUE + i, size), size);
    gen_reads(c, GEN_RAM, 8 * size > 16 ? 16 : 8 * size);
    if (size == 4)
        gen_reads(c, GEN_RAM + 16, 16);
    gen_emit(writer);
}

static void flags(struct gen_writer *writer, enum oracle_mode mode, unsigned size)
{
    for (unsigned is_set = 0; is_set < 2; is_set++) {
        const uint64_t rflags = is_set ? GEN_STATUS | GEN_DF : 0;
        struct gen_case *c = begin(writer, mode, size, is_set ? "pushf-set" : "pushf-clear");
        gen_byte(c, 0x9c);
        c->in.rflags = rflags;
        gen_give(c, WHvX64RegisterRflags, (WHV_REGISTER_VALUE){.Reg64 = rflags | RFLAGS_IF});
        gen_writes(c, STACK - size, size);
        gen_emit(writer);

        c = begin(writer, mode, size, is_set ? "popf-set" : "popf-clear");
        gen_byte(c, 0x9d);
        c->in.rflags = GEN_CF | GEN_DF | GEN_SF;
        gen_poke(c, STACK, rflags | 2, size);
        gen_reads(c, STACK, size);
        gen_emit(writer);
    }
}

/* The outer frame's pointer is read first; what is pushed is written as a block. */
static void frame(struct gen_writer *writer, enum oracle_mode mode, unsigned size)
{
    static const char *const names[] = {"enter-level-0", "enter-level-1", "enter-level-2"};
    struct gen_case *c;
    for (unsigned level = 0; level < COUNT(names); level++) {
        c = begin(writer, mode, size, names[level]);
        gen_byte(c, 0xc8);
        gen_immediate(c, ALLOCATED, 2);
        gen_byte(c, level);
        gen_poke(c, FRAME - size, gen_cut(~VALUE, size), size);
        if (level == 2)
            gen_reads(c, FRAME - size, size);
        for (unsigned i = level + 1; i > 0; i--)
            gen_writes(c, STACK - i * size, size);
        gen_emit(writer);
    }
    c = begin(writer, mode, size, "leave");
    gen_byte(c, 0xc9);
    gen_poke(c, FRAME, gen_cut(~VALUE, size), size);
    gen_reads(c, FRAME, size);
    gen_emit(writer);
}

void gen_frame(struct gen_writer *writer)
{
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_16; mode++)
        for (unsigned wide = 0; wide < 2; wide++) {
            const unsigned size = !wide ? 2 : mode == ORACLE_64 ? 8 : 4;
            if (mode != ORACLE_64)
                all_registers(writer, mode, size);
            flags(writer, mode, size);
            frame(writer, mode, size);
        }
}

/* @return where a branch goes. */
static uint64_t from_here(struct gen_case *c)
{
    const bool is16 = c->in.mode == ORACLE_16;
    gen_give(c, WHvX64RegisterRip, (WHV_REGISTER_VALUE){.Reg64 = is16 ? ORACLE_IP16 : ORACLE_RIP});
    return is16 ? TARGET : ORACLE_CODE16 + TARGET;
}

/* Through memory in the device; what is pushed goes to RAM. */
static void indirect(struct gen_writer *writer, enum oracle_mode mode, unsigned size, bool is_call)
{
    struct gen_case *c = begin(writer, mode, size, is_call ? "call-m" : "jmp-m");
    gen_opcode(c, 0xff, is_call ? 2 : 4);
    c->in.gpr[ORACLE_RSP] = offset_of(mode, GEN_RAM + 0x40);
    gen_reads(c, gen_operand(c, from_here(c), size), size);
    if (is_call)
        gen_writes(c, GEN_RAM + 0x40 - size, size);
    gen_emit(writer);
}

/* With the stack in the device. */
static void direct(struct gen_writer *writer, enum oracle_mode mode, unsigned size)
{
    struct gen_case *c = begin(writer, mode, size, "call-rel");
    const uint64_t target = from_here(c);
    gen_byte(c, 0xe8);
    const unsigned width = size == 2 ? 2 : 4;
    const uint64_t start = mode == ORACLE_16 ? ORACLE_IP16 : ORACLE_RIP;
    gen_immediate(c, target - (start + c->in.code_size + width), width);
    gen_writes(c, STACK - size, size);
    gen_emit(writer);

    for (unsigned has_immediate = 0; has_immediate < 2; has_immediate++) {
        c = begin(writer, mode, size, has_immediate ? "ret-imm16" : "ret");
        gen_byte(c, has_immediate ? 0xc2 : 0xc3);
        if (has_immediate)
            gen_immediate(c, ALLOCATED, 2);
        gen_poke(c, STACK, from_here(c), size);
        gen_reads(c, STACK, size);
        gen_emit(writer);
    }
}

void gen_flow(struct gen_writer *writer)
{
    static const struct {
        enum oracle_mode mode;
        unsigned size;
    } widths[] = {{ORACLE_64, 8}, {ORACLE_32, 4}, {ORACLE_16, 4}, {ORACLE_16, 2}};
    for (unsigned i = 0; i < COUNT(widths); i++) {
        indirect(writer, widths[i].mode, widths[i].size, true);
        indirect(writer, widths[i].mode, widths[i].size, false);
        direct(writer, widths[i].mode, widths[i].size);
    }
}

/* The selector is that of the oracle's data segment, which the case has in a GDT in RAM. */
static void pointer(struct gen_writer *writer, enum oracle_mode mode, unsigned size,
                    const char *name, unsigned opcode, WHV_REGISTER_NAME segment)
{
    struct gen_case *c = begin(writer, mode, size, name);
    WHV_REGISTER_VALUE gdtr = {.Reg128 = {.Low64 = 0}}, flat = {.Reg128 = {.Low64 = 0}};
    gdtr.Table.Base = GEN_RAM;
    gdtr.Table.Limit = (USER_DATA | 7);
    flat.Segment.Limit = UINT32_MAX;
    flat.Segment.Selector = USER_DATA;
    flat.Segment.Attributes = DATA_DPL3;
    gen_give(c, WHvX64RegisterGdtr, gdtr);
    gen_want(c, segment, flat);
    gen_opcode(c, opcode, ORACLE_RDX);
    const uint64_t at = gen_operand(c, gen_cut(VALUE, size), size);
    gen_poke(c, at + size, USER_DATA, 2);
    gen_poke(c, GEN_RAM + (USER_DATA & ~7u), FLAT_DATA, 8);
    gen_reads(c, at, size);
    gen_reads(c, at + size, 2);
    gen_reads(c, GEN_RAM + (USER_DATA & ~7u), 8);
    gen_emit(writer);
}

void gen_far_pointer(struct gen_writer *writer)
{
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_16; mode++)
        for (unsigned size = 2; size <= 4; size += 2) {
            if (mode != ORACLE_64) {
                pointer(writer, mode, size, "les", 0xc4, WHvX64RegisterEs);
                pointer(writer, mode, size, "lds", 0xc5, WHvX64RegisterDs);
            }
            pointer(writer, mode, size, "lss", 0x0fb2, WHvX64RegisterSs);
            pointer(writer, mode, size, "lfs", 0x0fb4, WHvX64RegisterFs);
            pointer(writer, mode, size, "lgs", 0x0fb5, WHvX64RegisterGs);
        }
}
