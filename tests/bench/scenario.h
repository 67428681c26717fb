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

#define BENCH_PAGE            0x1000u
#define BENCH_CODE            0x401000u
#define BENCH_DEVICE          0xfee00000u            /**< two pages; exits happen in the first */
#define BENCH_OPERAND         (BENCH_DEVICE + 0x10u) /**< where most operands are */
#define BENCH_STACK           0x7f800u               /**< in the middle of a page of RAM */
#define BENCH_PORT            0x3f8u
#define BENCH_VALUE           0x5au /**< what devices and ports answer */
#define BENCH_ELEMENTS        1000u /**< iterations of a REP */
#define BENCH_RFLAGS_RESERVED 2u    /**< RFLAGS with nothing set */
#define BENCH_CR0             UINT64_C(0x80050033)
#define BENCH_CR4             UINT64_C(0x600)

/** How the instruction comes to be emulated. */
enum bench_exit { BENCH_READ, BENCH_WRITE, BENCH_PORT_READ, BENCH_PORT_WRITE };

/** What is special about a scenario; a mask. */
enum bench_trait {
    BENCH_REP = 1,       /**< a REP: figures are per iteration */
    BENCH_CODE32 = 2,    /**< 32-bit protected mode instead of 64-bit mode */
    BENCH_PREVIEW = 4,   /**< through the preview form of the API */
    BENCH_NO_BYTES = 8,  /**< the exit brings no instruction bytes: they are fetched */
    BENCH_COLD = 16,     /**< no two calls in a row bring the same instruction */
    BENCH_NO_GVA = 32,   /**< the exit does not tell the operand's linear address */
    BENCH_BY_EXIT = 256, /**< the exit tells the address: its registers are not asked for */
    BENCH_UNEQUAL = 128, /**< the device answers something else than RAX holds */
    BENCH_START = 64 /**< the operand, or the first element, is at the beginning of the device */
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
    BENCH_OTHER = 1 << BENCH_REGS /**< any that is not in the list */
};

struct bench_scenario {
    const char *name; /**< baseline.txt knows the scenario by this */
    enum bench_exit exit;
    unsigned size;      /**< bytes of the operand, or of the element of a string */
    unsigned traits;    /**< mask of enum bench_trait */
    unsigned callbacks; /**< that one call makes, with a warm cache unless BENCH_COLD */
    unsigned inputs;    /**< mask of enum bench_reg: registers that the instruction reads */
    unsigned outputs;   /**< and those that it writes, without RIP */
    unsigned length;    /**< of the instruction */
    uint8_t code[16];   /**< zero after its end; BENCH_COLD: a ModRM byte ends it */
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
