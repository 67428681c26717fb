/* SPDX-License-Identifier: MIT */
/**
 * @file extras.h
 * What few rows have beyond their operands: registers that a kernel sees as an image, a descriptor
 * that a selector names, an operand too large for a value. Traits of the row ask for them, and no
 * other row pays for them.
 */
#ifndef WHE_EXTRAS_H
#define WHE_EXTRAS_H

#include "kernel.h"

/** Traits that are extras. */
#define WHE_EXTRAS                                                                                 \
    (WHE_TRAIT_SELECTOR | WHE_TRAIT_MXCSR | WHE_TRAIT_X87 | WHE_TRAIT_XMM | WHE_TRAIT_GPRS |       \
     WHE_TRAIT_CONTROL | WHE_TRAIT_FRAME | WHE_TRAIT_HOLDS | WHE_TRAIT_MSR |                       \
     WHE_TRAIT_DEBUG_MOVE | WHE_TRAIT_VIF)

struct whe_extras {
    union whe_image image;
    /** To tell what a kernel has changed. */
    union whe_image before;
    /** Likewise. */
    struct whe_control control;
    uint8_t block[WHE_BLOCK_MAX];
};

/** Adds the registers that an instruction's extras need. @param traits of the instruction. */
void whe_extras_registers(const struct whe_mode *mode, unsigned traits, struct whe_set *set);

/** Hands the work its image and its block, before operands are read. */
void whe_extras_begin(const struct whe_call *call, struct whe_extras *extras,
                      struct whe_work *work);

/**
 * The second phase: reads what the values of operands ask for, the descriptor that one selects, the
 * register that RCX names, what a change of mode looks at.
 * @return WHE_OK; what reading the table ran into; WHE_NO_MSR; WHE_GET_FAILED.
 */
enum whe_result whe_extras_read(struct whe_call *call, struct whe_work *work);

/** Writes what a kernel has changed in the image into the shadow: all that an exception leaves. */
void whe_extras_keep_image(struct whe_call *call, const struct whe_extras *extras,
                           const struct whe_insn *insn);

/** The same for an instruction that has run, MMX registers included. */
void whe_extras_keep(struct whe_call *call, struct whe_extras *extras, const struct whe_work *work);

#endif
