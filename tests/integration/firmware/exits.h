/* SPDX-License-Identifier: MIT */
/**
 * @file exits.h
 * The emulator's side of the virtual machine: makes exit contexts, answers callbacks, keeps count.
 */
#ifndef FIRMWARE_EXITS_H
#define FIRMWARE_EXITS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "board.h"
#include "cpu.h"

struct exits;

/** What became of an instruction. */
enum exits_result {
    EXITS_DONE,
    /** An exception is pending. */
    EXITS_EVENT,
    /** InternalEmulationFailure: the machine has to do it. */
    EXITS_REFUSED,
    /** Anything else, told on stderr. */
    EXITS_FAILED
};

/** @return NULL with a message on stderr on failure. No argument is owned. */
struct exits *exits_create(struct cpu *cpu, struct memory *memory, struct board *board);
void exits_destroy(struct exits *exits);

/**
 * Has an instruction emulated.
 * @param exit CPU_STOP_PORT or CPU_STOP_MEMORY.
 * @return false with a message on stderr unless the call ends with success alone.
 */
bool exits_emulate(struct exits *exits, const struct cpu_exit *exit);

/** Has the instruction at RIP emulated: its page cannot be executed. Its first calls are recorded.
 */
enum exits_result exits_execute(struct exits *exits);

/** @return why the last call was refused. */
const char *exits_reason(const struct exits *exits);

/** @return accesses to ports and devices so far: what cannot be done twice. */
unsigned long exits_device_accesses(const struct exits *exits);

/** Prints how many exits there were by kind, and how many distinct instructions caused them. */
void exits_print(const struct exits *exits, FILE *file);

#endif
