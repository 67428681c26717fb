/* SPDX-License-Identifier: MIT */
/**
 * @file system.h
 * Instructions that user code cannot run, at CPL 0, and in protected mode also at CPL 3: by Unicorn
 * and by the emulator.
 *
 * Both run on the same kind of memory, SYSTEM_MEMORY bytes at address 0, and neither has paging.
 */
#ifndef WHVTRACE_TESTS_SYSTEM_H
#define WHVTRACE_TESTS_SYSTEM_H

#include <stdbool.h>

#include <whvemu/emulator.h>

#include "rows_random.h"

#define SYSTEM_MEMORY 0x40000u
#define SYSTEM_GDT    0x1000u /* with room for SYSTEM_SLOTS descriptors */
#define SYSTEM_LDT    0x2000u
#define SYSTEM_SLOTS  64u
#define SYSTEM_CODE   0x7000u  /* where the instruction is */
#define SYSTEM_NEAR   0x8000u  /* data in reach of 16 bits */
#define SYSTEM_DATA   0x10000u /* everything below is left to code and tables */

#define SYSTEM_CODE_MAX 15u

/** Selectors of flat segments with DPL 0, outside real mode. */
#define SYSTEM_RING0_CODE  0x8u
#define SYSTEM_RING0_STACK 0x10u

enum system_mode { SYSTEM_REAL, SYSTEM_PROTECTED, SYSTEM_LONG, SYSTEM_MODES };

/** RAX to DR7, by their names. */
#define SYSTEM_REGS (WHvX64RegisterDr7 + 1)

struct system_state {
    WHV_REGISTER_VALUE reg[SYSTEM_REGS];
    /** Of the exception, or -1. */
    int vector;
    /** Neither done nor a fault. */
    bool failed;
};

/** An instruction and the state before it; memory holds the rest. */
struct system_case {
    enum system_mode mode;
    /** Row of system_rows.def. */
    unsigned row;
    /** 2, 4 or 8. */
    unsigned operand_size;
    /** The operand is a register. */
    bool is_register;
    /** What its selector selects, or 0; in 64-bit mode also the second half. */
    uint64_t descriptor[2];
    uint8_t code_size;
    uint8_t code[SYSTEM_CODE_MAX];
    struct system_state before;
};

/** @return a row's mnemonic. */
const char *system_row_name(unsigned row);

/** @return how many rows there are. */
unsigned system_rows(void);

/** @return whether a row is one of a mode. */
bool system_row_is_in(unsigned row, enum system_mode mode);

/**
 * Makes an instruction of a row that there is in a mode, with its operands.
 * @param init   registers that Unicorn has and that a case does not choose.
 * @param memory receives what the instruction needs.
 */
void system_make(struct rows_random *random, enum system_mode mode, const struct system_state *init,
                 uint8_t *memory, struct system_case *the);

/** Unicorn in one mode, with its memory. */
struct system_unicorn;

/**
 * @param memory must outlive the machine.
 * @param init   receives the registers that it begins with.
 * @return NULL if there is none.
 */
struct system_unicorn *system_unicorn_create(enum system_mode mode, uint8_t *memory,
                                             struct system_state *init);
void system_unicorn_destroy(struct system_unicorn *machine);
void system_unicorn_run(struct system_unicorn *machine, const struct system_case *the,
                        struct system_state *after);

/** @return an emulator for system_emulator_run, or NULL. */
WHV_EMULATOR_HANDLE system_emulator_create(void);
void system_emulator_run(WHV_EMULATOR_HANDLE emulator, const struct system_case *the,
                         uint8_t *memory, struct system_state *after);

#endif
