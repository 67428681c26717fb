/* SPDX-License-Identifier: MIT */
/**
 * @file compare.h
 * Everything through the emulator, as execute exits, with Unicorn as the comparison: after each
 * instruction the registers and the memory that was written.
 *
 * Not compared: what reaches a device, which cannot be done twice, and what the emulator refuses.
 */
#ifndef FIRMWARE_COMPARE_H
#define FIRMWARE_COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "machine.h"

struct compare {
    /** Compared. */
    uint64_t same;
    uint64_t different;
    /** Differences that known_errors has a reason for. */
    uint64_t known;
    /** Not compared. */
    uint64_t devices;
    uint64_t refused;
};

/**
 * Runs a machine from where it is, after cpu_watch(); the first differences are told on stdout.
 * @param count of instructions; a REP is one.
 * @param found written always.
 * @return whether it got so far without a difference that is not known.
 */
bool compare_run(struct machine *machine, uint64_t count, struct compare *found);

void compare_print(const struct compare *found, FILE *file);

#endif
