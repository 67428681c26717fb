/* SPDX-License-Identifier: MIT */
/**
 * @file linear.h
 * From segment and offset to linear address, with every check that segmentation makes.
 */
#ifndef WHE_LINEAR_H
#define WHE_LINEAR_H

#include "bits.h"
#include "call.h"

/** Where a memory operand points, before its offset is known. */
struct whe_place {
    enum whe_reg segment;
    /** 64-bit mode, and a segment without a base. */
    bool is_flat;
    /** A violation is #SS(0) instead of #GP(0). */
    bool is_stack;
    /** What #AC asks for, a power of two; 1 for none. */
    uint8_t alignment;
    /** Bytes per access, 1 to 512. */
    uint16_t size;
    /** Mask of whe_intent. */
    unsigned intent;
};

/** Offsets that a segment allows, both ends included. */
struct whe_bounds {
    uint64_t first;
    uint64_t last;
};

/** @return whether an address is canonical in 48 bits. */
static inline bool whe_is_canonical48(uint64_t linear)
{
    return (linear + (UINT64_C(1) << 47)) >> 48 == 0;
}

/**
 * Checks that size bytes from linear are canonical; only asks for CR4 if 48 bits do not suffice.
 * @return WHE_OK; WHE_FAULT with #GP(0), or #SS(0) for is_stack, raised; WHE_GET_FAILED.
 */
enum whe_result whe_check_canonical(struct whe_call *call, uint64_t linear, unsigned size,
                                    bool is_stack);

/**
 * Checks where a branch leads to.
 * @param code  an enum whe_code: the mode of what is there.
 * @param limit of the code segment, where that counts.
 * @return WHE_OK; WHE_FAULT with #GP(0) raised; WHE_GET_FAILED.
 */
enum whe_result whe_check_target(struct whe_call *call, unsigned code, uint32_t limit,
                                 uint64_t rip);

/** As whe_linear, for every case. */
enum whe_result whe_linear_checked(struct whe_call *call, const struct whe_place *place,
                                   uint64_t offset, uint64_t *linear);

/** @return the offsets that a place's segment allows, of which whe_linear has accepted one. */
struct whe_bounds whe_place_bounds(const struct whe_call *call, const struct whe_place *place);

/**
 * Checks one access and gives its linear address.
 *
 * Outside 64-bit mode: a usable segment of a fitting type (protected mode only), the limit with
 * expand-down (in every mode: cached limits count in real mode too), 32-bit linear addresses. An
 * operand that runs past the limit faults, it does not wrap. In 64-bit mode: FS and GS bases, and
 * the canonical check of the first and last byte. Then alignment. SDM 3A, 5.3; 1, 3.3.7.1.
 *
 * @param offset effective address, already cut to the address size.
 * @param linear receives the address.
 * @return WHE_OK; WHE_FAULT with #GP(0), #SS(0) or #AC(0) raised; WHE_GET_FAILED (CR4 for LA57).
 */
static inline enum whe_result whe_linear(struct whe_call *call, const struct whe_place *place,
                                         uint64_t offset, uint64_t *linear)
{
    const bool is_in_page = (offset & WHE_PAGE_MASK) + place->size <= WHE_PAGE_SIZE;
    /* Where canonical addresses end is a page boundary, so one byte of a page tells for all. */
    if (place->is_flat && is_in_page && whe_is_canonical48(offset) && !call->mode.check_alignment) {
        *linear = offset;
        return WHE_OK;
    }
    return whe_linear_checked(call, place, offset, linear);
}

#endif
