/* SPDX-License-Identifier: MIT */
/**
 * @file machine.h
 * The virtual machine monitor: runs the processor, and does around the emulator what is not its
 * business: CPUID, RDTSC, HLT, MSRs, interrupts.
 */
#ifndef FIRMWARE_MACHINE_H
#define FIRMWARE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "board.h"
#include "cpu.h"
#include "exits.h"
#include "memory.h"

/** Kinds of instructions that the emulator has refused. */
#define MACHINE_REFUSED 64

struct machine {
    struct memory memory;
    struct cpu *cpu;
    struct board *board;
    struct exits *exits;
    /** No more instructions than these are executed. */
    uint64_t limit;
    /** Flash is not executable, for this many instructions in it. */
    uint64_t flash_limit;
    /** Nanoseconds beyond those of the instructions. */
    uint64_t extra;
    uint64_t tsc_reads;
    uint64_t halts;
    uint64_t interrupts;
    /** Instructions in flash that went through the emulator. */
    uint64_t in_flash;
    /** Bits of 1 << enum machine_mode: where those ran. */
    unsigned modes;
    /** What the emulator refused, by the reason. */
    struct {
        char reason[160];
        uint64_t count;
    } refused[MACHINE_REFUSED];
    unsigned refused_count;
};

enum machine_mode {
    MACHINE_REAL,
    MACHINE_PROTECTED,
    MACHINE_COMPATIBILITY,
    MACHINE_64,
    MACHINE_MODES
};

struct machine_setup {
    struct board_setup board;
    const uint8_t *rom;
    uint32_t rom_bytes;
};

/** @return false with a message on stderr if this host lacks something. */
bool machine_create(struct machine *machine, const struct machine_setup *setup);
void machine_destroy(struct machine *machine);

/** Goes on to the next exit. @return false if it cannot go on. */
bool machine_step(struct machine *machine);

/** Does what the emulator has refused at RIP. @return false if nobody can. */
bool machine_stand_in(struct machine *machine);

/** Between two instructions: time, interrupts, the chipset. @return false if it cannot go on. */
bool machine_look_up(struct machine *machine);

/** Delivers what the emulator has left pending. */
bool machine_settle(struct machine *machine);

/** @return whether the next instruction is in flash. */
bool machine_is_in_flash(struct machine *machine);

/** @return nanoseconds since the start. */
uint64_t machine_now(const struct machine *machine);

/** Prints counts. */
void machine_print(const struct machine *machine, FILE *file);

#endif
