/* SPDX-License-Identifier: MIT */
/**
 * @file run.h
 * The forms in which instructions run, once their registers are known.
 *
 * @return WHE_OK; WHE_FAULT if the guest faults (finished REP iterations are in the shadow by
 * then); or the failure of a callback.
 */
#ifndef WHE_RUN_H
#define WHE_RUN_H

#include "insn.h"
#include "memory.h"

/** WHE_FORM_PORT: IN and OUT. */
enum whe_result whe_run_port(struct whe_call *call, const struct whe_insn *insn);
/** WHE_FORM_MOVE: MOVS, STOS, LODS, INS, OUTS. */
enum whe_result whe_run_move(struct whe_call *call, const struct whe_insn *insn);
/** WHE_FORM_COMPARE: CMPS, SCAS. */
enum whe_result whe_run_compare(struct whe_call *call, const struct whe_insn *insn);

/**
 * WHE_FORM_FAR.
 * @param rip receives where it leads to.
 */
enum whe_result whe_run_far(struct whe_call *call, const struct whe_insn *insn, uint64_t *rip);
/** WHE_FORM_INTERRUPT. @param rip the next instruction's, before; likewise. */
enum whe_result whe_run_interrupt(struct whe_call *call, const struct whe_insn *insn,
                                  uint64_t *rip);

/**
 * Moves one value between the accumulator and a port.
 * @param size 1, 2 or 4. RAX must be known unless 4 bytes are read.
 */
enum whe_result whe_port_transfer(struct whe_call *call, bool is_out, uint16_t port, unsigned size);

/** @return the memory operand of a string instruction at a register, or NULL. */
static inline const struct whe_place *whe_string_place(const struct whe_insn *insn,
                                                       enum whe_reg base)
{
    for (unsigned i = 0; i < insn->memory_count; i++) {
        if (insn->memory[i].address.base == base)
            return &insn->memory[i].place;
    }
    return NULL;
}

/** @return the size of an element of a string instruction, in bytes. */
static inline unsigned whe_element_size(const struct whe_insn *insn)
{
    return insn->memory[0].place.size;
}

#endif
