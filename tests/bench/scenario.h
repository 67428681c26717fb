/* SPDX-License-Identifier: MIT */
/**
 * @file scenario.h
 * The instructions that are counted: one table for both programs, ours and Unicorn's.
 */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BENCH_PAGE 0x1000u
#define BENCH_CODE 0x401000u
/** Two pages; exits happen in the first. */
#define BENCH_DEVICE 0xfee00000u
/** Where most operands are. */
#define BENCH_OPERAND (BENCH_DEVICE + 0x10u)
/** In the middle of a page of RAM. */
#define BENCH_STACK 0x7f800u
#define BENCH_PORT  0x3f8u
/** What devices and ports answer. */
#define BENCH_VALUE 0x5au
/** Iterations of a REP. */
#define BENCH_ELEMENTS 1000u
/** RFLAGS with nothing set. */
#define BENCH_RFLAGS_RESERVED 2u
#define BENCH_CR0             UINT64_C(0x80050033)
#define BENCH_CR4             UINT64_C(0x600)

/** How the instruction comes to be emulated. */
enum bench_exit {
    BENCH_READ,
    BENCH_WRITE,
    /** The code itself lies in a device. */
    BENCH_EXECUTE,
    BENCH_PORT_READ,
    BENCH_PORT_WRITE
};

/** What is special about a scenario; a mask. */
enum bench_trait {
    /** A REP: figures are per iteration. */
    BENCH_REP = 1,
    /** 32-bit protected mode instead of 64-bit mode. */
    BENCH_CODE32 = 2,
    /** Through the preview form of the API. */
    BENCH_PREVIEW = 4,
    /** The exit brings no instruction bytes: they are fetched. */
    BENCH_NO_BYTES = 8,
    /** No two calls in a row bring the same instruction. */
    BENCH_COLD = 16,
    /** The exit does not tell the operand's linear address. */
    BENCH_NO_GVA = 32,
    /** The exit tells the address: its registers are not asked for. */
    BENCH_BY_EXIT = 256,
    /** The device answers something else than RAX holds. */
    BENCH_UNEQUAL = 128,
    /** The operand, or the first element, is at the beginning of the device. */
    BENCH_START = 64
};

enum bench_reg_number {
#define BENCH_REG(id, whv, unicorn, value) BENCH_NUMBER_##id,
#include "registers.def"
    BENCH_REGS
};

/** Sets of registers. */
enum bench_reg {
#define BENCH_REG(id, whv, unicorn, value) BENCH_##id = 1 << BENCH_NUMBER_##id,
#include "registers.def"
    /** Any that is not in the list. */
    BENCH_OTHER = 1 << BENCH_REGS
};

struct bench_scenario {
    /** Baseline.txt knows the scenario by this. */
    const char *name;
    enum bench_exit exit;
    /** Bytes of the operand, or of the element of a string. */
    unsigned size;
    /** Mask of enum bench_trait. */
    unsigned traits;
    /** That one call makes, with a warm cache unless BENCH_COLD. */
    unsigned callbacks;
    /** Mask of enum bench_reg: registers that the instruction reads. */
    unsigned inputs;
    /** And those that it writes, without RIP. */
    unsigned outputs;
    /** Of the instruction. */
    unsigned length;
    /** Zero after its end; BENCH_COLD: a ModRM byte ends it. */
    uint8_t code[16];
};

extern const struct bench_scenario bench_scenarios[];
extern const size_t bench_scenario_count;

/** @return what its figures are divided by. */
static inline unsigned bench_elements(const struct bench_scenario *scenario)
{
    return scenario->traits & BENCH_REP ? BENCH_ELEMENTS : 1;
}

/**
 * Gives the instruction of one call.
 * @param call BENCH_COLD: odd calls bring another instruction of the same length.
 * @param code receives 16 bytes.
 */
static inline void bench_code(const struct bench_scenario *scenario, unsigned long call,
                              uint8_t *code)
{
    memcpy(code, scenario->code, sizeof(scenario->code));
    if ((scenario->traits & BENCH_COLD) && call % 2 == 1)
        code[scenario->length - 1] ^= 8; /* another register */
}

#endif
