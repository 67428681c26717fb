/* SPDX-License-Identifier: MIT */
/**
 * @file regs.h
 * The shadow of the processor: what is known of its registers and what the instruction has written.
 *
 * Everything works on the shadow; emulate.c publishes the written registers with one Set at the
 * end. Reading a register that is not known is a bug of this library: decode.c computes what an
 * instruction reads, and emulate.c loads that before anything else.
 */
#ifndef WHE_REGS_H
#define WHE_REGS_H

#include <assert.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

enum whe_reg {
#define WHE_REG(id, name) WHE_REG_##id,
#include "reg_names.def"
    WHE_REG_COUNT,
    WHE_REG_ZERO = WHE_REG_COUNT /**< reads as 0: an absent base or index */
};

_Static_assert(WHE_REG_COUNT <= 64, "sets of registers are 64-bit masks");
_Static_assert(WHE_REG_R15 == 15 && WHE_REG_GS == WHE_REG_ES + 5, "numbered as the encoding does");
_Static_assert(WHE_REG_RIP == WHE_REG_COUNT - 1, "host.c appends it");

/** @return the set that holds one register. */
static inline uint64_t whe_reg_bit(enum whe_reg reg)
{
    return UINT64_C(1) << reg;
}

struct whe_regs {
    uint64_t known;   /**< registers whose value at the exit is in value[] */
    uint64_t written; /**< registers whose new value is in value[]: the Set will carry them */
    WHV_REGISTER_VALUE value[WHE_REG_COUNT + 1];
};

/**
 * A batch of registers that was worked out beforehand, so that getting it needs no search. Callers
 * forward the names to code that moves them with aligned SSE instructions.
 */
#define WHE_BATCH_MAX 4
struct whe_batch {
    uint64_t set;   /**< the same registers as a set */
    uint32_t count; /**< 0: none, or too many for a batch */
    uint8_t reg[WHE_BATCH_MAX];
    _Alignas(16) WHV_REGISTER_NAME name[WHE_BATCH_MAX];
};

/** What is known from the beginning. */
#define WHE_REGS_GIVEN (UINT64_C(1) << WHE_REG_ZERO | UINT64_C(1) << WHE_REG_RIP)

/** Starts with nothing but RIP. value[] needs no clearing: known guards it. */
static inline void whe_regs_init(struct whe_regs *regs, uint64_t rip)
{
    regs->known = WHE_REGS_GIVEN;
    regs->written = 0;
    regs->value[WHE_REG_ZERO].Reg64 = 0;
    regs->value[WHE_REG_RIP].Reg64 = rip;
}

/** @return a register's 64 bits. */
static inline uint64_t whe_reg_get(const struct whe_regs *regs, enum whe_reg reg)
{
    assert((regs->known | regs->written) & whe_reg_bit(reg));
    return regs->value[reg].Reg64;
}

/** Notes a value that the exit context gave. */
static inline void whe_reg_know(struct whe_regs *regs, enum whe_reg reg, uint64_t value)
{
    regs->value[reg].Reg64 = value;
    regs->known |= whe_reg_bit(reg);
}

/** Writes a register; the Set will carry it, with the upper 64 bits clear. */
static inline void whe_reg_set(struct whe_regs *regs, enum whe_reg reg, uint64_t value)
{
    WHV_UINT128 *slot = &regs->value[reg].Reg128;
    slot->Low64 = value;
    slot->High64 = 0;
    regs->written |= whe_reg_bit(reg);
}

/** @return a register's 128 bits. */
static inline WHV_UINT128 whe_reg_get128(const struct whe_regs *regs, enum whe_reg reg)
{
    assert((regs->known | regs->written) & whe_reg_bit(reg));
    return regs->value[reg].Reg128;
}

/** Writes 128 bits; the Set will carry them. */
static inline void whe_reg_set128(struct whe_regs *regs, enum whe_reg reg, WHV_UINT128 value)
{
    regs->value[reg].Reg128 = value;
    regs->written |= whe_reg_bit(reg);
}

static inline const WHV_X64_SEGMENT_REGISTER *whe_segment(const struct whe_regs *regs,
                                                          enum whe_reg reg)
{
    assert((regs->known | regs->written) & whe_reg_bit(reg));
    return &regs->value[reg].Segment;
}

static inline void whe_segment_know(struct whe_regs *regs, enum whe_reg reg,
                                    const WHV_X64_SEGMENT_REGISTER *segment)
{
    regs->value[reg].Segment = *segment;
    regs->known |= whe_reg_bit(reg);
}

static inline void whe_segment_set(struct whe_regs *regs, enum whe_reg reg,
                                   const WHV_X64_SEGMENT_REGISTER *segment)
{
    regs->value[reg].Segment = *segment;
    regs->written |= whe_reg_bit(reg);
}

#endif
