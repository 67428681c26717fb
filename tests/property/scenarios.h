/* SPDX-License-Identifier: MIT */
/**
 * @file scenarios.h
 * Instructions and exits that the property tests try in every way: at least one of each kind of row
 * in each mode, and of each path through the pipeline.
 */
#ifndef WHVTRACE_TESTS_SCENARIOS_H
#define WHVTRACE_TESTS_SCENARIOS_H

#include "guest.h"

struct scenario {
    const char *name;
    enum guest_mode mode;
    uint8_t code[16];
    uint8_t size;
    /** WHV_MEMORY_ACCESS_TYPE, or one of the port exits below. */
    uint8_t access;
    /** Gva = gpa of a memory exit; the port of a port exit. */
    uint64_t address;
    /** Bytes handed over with the exit. */
    uint8_t given;
    uint64_t rflags;
    bool shadow;
};

#define SCENARIO_IN  4
#define SCENARIO_OUT 5
/** Or-ed to IN or OUT. */
#define SCENARIO_STRING 8

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/**
 * Prepares a guest and the exit of a scenario: the code lies at RIP, RBX and RDI point at the
 * address, RSI at 0x8ffe in memory, RCX counts 3.
 */
struct guest_exit scenario_prepare(const struct scenario *scenario, struct guest *guest);

#endif
