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

/** @return NULL with a message on stderr on failure. Neither argument is owned. */
struct exits *exits_create(struct cpu *cpu, struct board *board);
void exits_destroy(struct exits *exits);

/**
 * Has an instruction emulated.
 * @param exit CPU_STOP_PORT or CPU_STOP_MEMORY.
 * @return false with a message on stderr unless the call ends with success alone.
 */
bool exits_emulate(struct exits *exits, const struct cpu_exit *exit);

/** Prints how many exits there were by kind, and how many distinct instructions caused them. */
void exits_print(const struct exits *exits, FILE *file);

#endif
