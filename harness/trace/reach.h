/* SPDX-License-Identifier: MIT */
/**
 * @file reach.h
 * Which memory a case's first instruction accesses, with the registers that the case gives it.
 */
#ifndef WHVTRACE_TRACE_REACH_H
#define WHVTRACE_TRACE_REACH_H

#include "model.h"

#define WHT_REACHED_MAX 8

/** One operand in memory, explicit or implicit: stack, string element, byte mask. */
struct wht_reached {
    bool is_known; /**< false: a register of the address was not captured */
    uint64_t linear;
    uint64_t size; /**< bytes, at least 1 */
    bool is_read;
    bool is_written;
};

struct wht_reach {
    uint8_t length; /**< of the instruction */
    /** It may also access what cannot be told from here: descriptors, the interrupt table, task
     * state, operands of no fixed place. */
    bool is_open;
    uint64_t mask; /**< of linear addresses in the case's mode */
    struct wht_reached places[WHT_REACHED_MAX];
    size_t count;
};

/** @return false if the bytes are no instruction. */
bool wht_reach(const struct wht_case *c, struct wht_reach *reach);

#endif
