/* SPDX-License-Identifier: MIT */
/**
 * @file generate.h
 * Grids of cases whose expectation is what this machine's processor does.
 *
 * A grid says what an instruction is given and in which order it touches memory; the processor says
 * what comes out, and a list of accesses that does not explain the processor's memory ends the
 * program. Flags that the manuals leave undefined are masked, so that every processor gives the
 * same bytes.
 */
#ifndef WHVTRACE_TESTS_GENERATE_H
#define WHVTRACE_TESTS_GENERATE_H

#include <stdio.h>
#include <whvemu/whv_abi.h>

#include "oracle.h"

/* Linear addresses: two pages of device, then one that is not present; the same of RAM. */
#define GEN_DEVICE (ORACLE_ARENA)
#define GEN_RAM    (ORACLE_ARENA + 0x8000)
/** Offset of the missing page behind either. */
#define GEN_HOLE 0x2000u

#define GEN_ACCESSES 32u
#define GEN_REGS     4u
#define GEN_ID_MAX   80u
/** CF PF AF ZF SF OF. */
#define GEN_STATUS     UINT64_C(0x8d5)
#define GEN_CF         UINT64_C(0x1)
#define GEN_PF         UINT64_C(0x4)
#define GEN_AF         UINT64_C(0x10)
#define GEN_ZF         UINT64_C(0x40)
#define GEN_SF         UINT64_C(0x80)
#define GEN_DF         UINT64_C(0x400)
#define GEN_OF         UINT64_C(0x800)
#define GEN_BLOCK_SIZE (2 * ORACLE_PAGE)

/** A read or a write of an operand; the writer splits it at page edges and into 8 bytes. */
struct gen_access {
    uint64_t linear;
    /** 1 to 16. */
    uint8_t size;
    bool is_write;
    /** Writes what was read just before, where later writes hide what was written. */
    bool is_copy;
};

/** A register that oracle.h does not have. */
struct gen_reg {
    WHV_REGISTER_NAME name;
    WHV_REGISTER_VALUE value;
};

struct gen_case {
    char id[GEN_ID_MAX];
    struct oracle_in in;
    /** Contents before. */
    uint8_t device[GEN_BLOCK_SIZE];
    uint8_t ram[GEN_BLOCK_SIZE];
    struct gen_access access[GEN_ACCESSES];
    unsigned access_count;
    /** Flags. */
    uint64_t undefined;
    /** Of the x87's status word the bits that an x87 instruction defines; 0 if it is none. */
    uint16_t x87_status;
    /** What the oracle has its own of, and what the instruction is to make of them. */
    struct gen_reg given[GEN_REGS];
    struct gen_reg wanted[GEN_REGS];
    unsigned given_count, wanted_count;
    /** That callback for memory fails, counted from 1; 0: none. */
    unsigned fail_at;
};

/** Where lines go. */
struct gen_writer {
    FILE *out;
    unsigned count;
    /** Mask: which of the device's pages and the missing one cases have touched. */
    unsigned pages;
    /** An instruction was #UD: this processor cannot say what it does. */
    bool is_lacking;
    struct gen_case made;
};

/** @return the writer's case, empty: all registers 0, all memory 0, flags clear. */
struct gen_case *gen_begin(struct gen_writer *writer, enum oracle_mode mode);

/** Names the case. */
void gen_name(struct gen_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Appends a byte of code. */
void gen_byte(struct gen_case *c, unsigned byte);

/** Appends a value of 1 to 8 bytes to the code. */
void gen_immediate(struct gen_case *c, uint64_t value, unsigned size);

/** Appends the prefixes that make operands `size` bytes wide, 1 for none. */
void gen_width(struct gen_case *c, unsigned size);

/** Appends opcode (two bytes if above 0xff) and ModRM for a register and memory at rBX. */
void gen_opcode(struct gen_case *c, unsigned opcode, unsigned reg);

/** As gen_opcode, for two registers. */
void gen_opcode_register(struct gen_case *c, unsigned opcode, unsigned reg, unsigned rm);

/** Sets memory before the instruction, which must lie in the device or RAM. */
void gen_poke(struct gen_case *c, uint64_t linear, uint64_t value, unsigned size);

void gen_reads(struct gen_case *c, uint64_t linear, unsigned size);
void gen_writes(struct gen_case *c, uint64_t linear, unsigned size);
/** As gen_writes, of what the last gen_reads read. */
void gen_copies(struct gen_case *c, uint64_t linear, unsigned size);

/** Points rBX at the device, with a value there. @return its linear address. */
uint64_t gen_operand(struct gen_case *c, uint64_t value, unsigned size);

/** Has the processor run the case and writes its line. */
void gen_emit(struct gen_writer *writer);

/** As gen_emit, for an instruction that changes one byte of the device: where, is found out. */
void gen_emit_where(struct gen_writer *writer);

/** Writes a line for a result that the manual tells: `out` begins as what the oracle is given. */
void gen_emit_result(struct gen_writer *writer, const struct oracle_out *out);

/** @return the result of an instruction that changes nothing yet but RIP. */
struct oracle_out *gen_result(const struct gen_case *c);

/** Sets a register that the oracle does not have, before the instruction. */
void gen_give(struct gen_case *c, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE value);

/** Says what such a register is to hold after it. */
void gen_want(struct gen_case *c, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE value);

/** @return the low `size` bytes. */
uint64_t gen_cut(uint64_t value, unsigned size);

/** Ends the program with a message that names the case. */
_Noreturn void gen_die(const struct gen_case *c, const char *why);

/** The grids. */
#define GRID(family, name, function, flags, spec, note) void function(struct gen_writer *writer);
#include "grids.def"

#endif
