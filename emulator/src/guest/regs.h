/* SPDX-License-Identifier: MIT */
/**
 * @file regs.h
 * The shadow of the processor: what is known of its registers and what the instruction has written.
 *
 * Registers lie in three banks, each with a set of its own, so that everything that has a WHV name
 * can be held. Everything works on the shadow; the written registers are published with one Set at
 * the end. Reading a register that is not known is a bug of this library: decode.c computes what an
 * instruction reads, and that is loaded before anything else.
 */
#ifndef WHE_REGS_H
#define WHE_REGS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

enum whe_bank { WHE_BANK_GENERAL, WHE_BANK_VECTOR, WHE_BANK_SYSTEM, WHE_BANKS };

#define WHE_BANK_SIZE 64

/** A register: its bank times WHE_BANK_SIZE, and its place in there. */
enum whe_reg {
#define WHE_GENERAL(id, name) WHE_REG_##id,
#include "reg_names.def"
    /** Reads as 0: an absent base or index. */
    WHE_REG_ZERO,
    WHE_GENERAL_END,
    WHE_BEFORE_VECTOR = WHE_BANK_VECTOR * WHE_BANK_SIZE - 1,
#define WHE_VECTOR(id, name) WHE_REG_##id,
#include "reg_names.def"
    WHE_VECTOR_END,
    WHE_BEFORE_SYSTEM = WHE_BANK_SYSTEM * WHE_BANK_SIZE - 1,
#define WHE_SYSTEM(id, name) WHE_REG_##id,
#include "reg_names.def"
    WHE_REG_COUNT
};

_Static_assert(WHE_GENERAL_END <= WHE_BANK_SIZE, "a bank's set is a 64-bit mask");
_Static_assert(WHE_VECTOR_END <= 2 * WHE_BANK_SIZE, "a bank's set is a 64-bit mask");
_Static_assert(WHE_REG_COUNT <= WHE_BANKS * WHE_BANK_SIZE, "a bank's set is a 64-bit mask");
_Static_assert(WHE_REG_COUNT < UINT8_MAX, "registers are kept in bytes");
_Static_assert(WHE_REG_R15 == 15 && WHE_REG_GS == WHE_REG_ES + 5, "numbered as the encoding does");

/** A set of registers. */
struct whe_set {
    uint64_t bank[WHE_BANKS];
};

static inline void whe_set_add(struct whe_set *set, unsigned reg)
{
    set->bank[reg / WHE_BANK_SIZE] |= UINT64_C(1) << reg % WHE_BANK_SIZE;
}

static inline void whe_set_remove(struct whe_set *set, unsigned reg)
{
    set->bank[reg / WHE_BANK_SIZE] &= ~(UINT64_C(1) << reg % WHE_BANK_SIZE);
}

static inline bool whe_set_has(const struct whe_set *set, unsigned reg)
{
    return (set->bank[reg / WHE_BANK_SIZE] >> reg % WHE_BANK_SIZE & 1) != 0;
}

static inline void whe_set_join(struct whe_set *set, const struct whe_set *other)
{
    for (unsigned i = 0; i < WHE_BANKS; i++)
        set->bank[i] |= other->bank[i];
}

static inline bool whe_set_is_empty(const struct whe_set *set)
{
    return (set->bank[0] | set->bank[1] | set->bank[2]) == 0;
}

struct whe_regs {
    /** Registers whose value at the exit is in value[]. */
    struct whe_set known;
    /** Registers whose new value is in value[]: the Set will carry them. */
    struct whe_set written;
    WHV_REGISTER_VALUE value[WHE_REG_COUNT];
};

/**
 * A batch of registers that was worked out beforehand, so that getting it needs no search. Callers
 * forward the names to code that moves them with aligned SSE instructions.
 */
#define WHE_BATCH_MAX 4
struct whe_batch {
    /** The same registers as a set. */
    struct whe_set set;
    /** 0: none, or too many for a batch. */
    uint8_t count;
    uint8_t reg[WHE_BATCH_MAX];
    _Alignas(16) WHV_REGISTER_NAME name[WHE_BATCH_MAX];
};

/** Starts with nothing but RIP. value[] needs no clearing: known guards it. */
static inline void whe_regs_init(struct whe_regs *regs, uint64_t rip)
{
    regs->known = (struct whe_set){{0}};
    whe_set_add(&regs->known, WHE_REG_ZERO);
    whe_set_add(&regs->known, WHE_REG_RIP);
    regs->written = (struct whe_set){{0}};
    regs->value[WHE_REG_ZERO].Reg64 = 0;
    regs->value[WHE_REG_RIP].Reg64 = rip;
}

static inline bool whe_reg_is_there(const struct whe_regs *regs, unsigned reg)
{
    return whe_set_has(&regs->known, reg) || whe_set_has(&regs->written, reg);
}

/** @return a register's 64 bits. */
static inline uint64_t whe_reg_get(const struct whe_regs *regs, unsigned reg)
{
    assert(whe_reg_is_there(regs, reg));
    return regs->value[reg].Reg64;
}

/** Notes a value that the exit context gave. */
static inline void whe_reg_know(struct whe_regs *regs, unsigned reg, uint64_t value)
{
    regs->value[reg].Reg64 = value;
    whe_set_add(&regs->known, reg);
}

/** Writes a register; the Set will carry it, with the upper 64 bits clear. */
static inline void whe_reg_set(struct whe_regs *regs, unsigned reg, uint64_t value)
{
    WHV_UINT128 *slot = &regs->value[reg].Reg128;
    slot->Low64 = value;
    slot->High64 = 0;
    whe_set_add(&regs->written, reg);
}

/** @return a register's new value, as whe_gpr_write() writes it. @param before its old one, which
 * counts where mask has 1 or 2 bytes. */
static inline uint64_t whe_gpr_merged(uint64_t before, uint64_t mask, unsigned shift,
                                      uint64_t value)
{
    value &= mask;
    if (mask > 0xffff)
        return value;
    return (before & ~(mask << shift)) | value << shift;
}

/**
 * Writes a part of a register as the architecture does: 4 bytes clear the upper half, 1 and 2 bytes
 * keep the rest. SDM 1, 3.4.1.1.
 * @param mask  of 1, 2, 4 or 8 bytes.
 * @param shift 8 for AH, CH, DH, BH, otherwise 0.
 * @param value bits outside mask are ignored.
 */
static inline void whe_gpr_write(struct whe_regs *regs, unsigned reg, uint64_t mask, unsigned shift,
                                 uint64_t value)
{
    const uint64_t before = mask <= 0xffff ? whe_reg_get(regs, reg) : 0;
    whe_reg_set(regs, reg, whe_gpr_merged(before, mask, shift, value));
}

/** @return a register's 128 bits. */
static inline WHV_UINT128 whe_reg_get128(const struct whe_regs *regs, unsigned reg)
{
    assert(whe_reg_is_there(regs, reg));
    return regs->value[reg].Reg128;
}

/** Writes 128 bits; the Set will carry them. */
static inline void whe_reg_set128(struct whe_regs *regs, unsigned reg, WHV_UINT128 value)
{
    regs->value[reg].Reg128 = value;
    whe_set_add(&regs->written, reg);
}

static inline const WHV_X64_SEGMENT_REGISTER *whe_segment(const struct whe_regs *regs, unsigned reg)
{
    assert(whe_reg_is_there(regs, reg));
    return &regs->value[reg].Segment;
}

static inline void whe_segment_know(struct whe_regs *regs, unsigned reg,
                                    const WHV_X64_SEGMENT_REGISTER *segment)
{
    regs->value[reg].Segment = *segment;
    whe_set_add(&regs->known, reg);
}

static inline void whe_segment_set(struct whe_regs *regs, unsigned reg,
                                   const WHV_X64_SEGMENT_REGISTER *segment)
{
    regs->value[reg].Segment = *segment;
    whe_set_add(&regs->written, reg);
}

/** Writes the base of a segment register that is known. */
static inline void whe_segment_set_base(struct whe_regs *regs, unsigned reg, uint64_t base)
{
    assert(whe_reg_is_there(regs, reg));
    regs->value[reg].Segment.Base = base;
    whe_set_add(&regs->written, reg);
}

#endif
