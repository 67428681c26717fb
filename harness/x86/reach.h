/* SPDX-License-Identifier: MIT */
/**
 * @file reach.h
 * Which memory an instruction accesses, as far as registers are known.
 */
#ifndef WHVTRACE_X86_REACH_H
#define WHVTRACE_X86_REACH_H

#include "disasm.h"

#define WHT_REACHED_MAX 8

/** One operand in memory, explicit or implicit: stack, string element, byte mask. */
struct wht_reached {
    /** False: a register of the address is not known. */
    bool is_known;
    uint64_t linear;
    /** Bytes, at least 1. */
    uint64_t size;
    bool is_read;
    bool is_written;
};

struct wht_reach {
    /** Of the instruction. */
    uint8_t length;
    /** It may also access what cannot be told from here: descriptors, the interrupt table, task
     * state, operands of no fixed place. */
    bool is_open;
    /** Of linear addresses in the code's mode. */
    uint64_t mask;
    struct wht_reached places[WHT_REACHED_MAX];
    size_t count;
};

/** What is known of a processor. */
struct wht_known_state {
    /** @return the value of a register, or NULL if it is not known. */
    const WHV_REGISTER_VALUE *(*find)(const void *user, WHV_REGISTER_NAME name);
    const void *user;
    uint8_t cpl;
};

/** @return false if the bytes are no instruction. */
bool wht_reach(enum wht_code code, const uint8_t *bytes, size_t count,
               const struct wht_known_state *state, struct wht_reach *reach);

#endif
