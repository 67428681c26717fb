/* SPDX-License-Identifier: MIT */
/**
 * @file call.h
 * All state of one emulation call. It lives on the stack of the API function; nothing here outlives
 * it.
 */
#ifndef WHE_CALL_H
#define WHE_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

#include "mode.h"
#include "regs.h"
#include "result.h"

enum whe_exit_kind { WHE_EXIT_READ, WHE_EXIT_WRITE, WHE_EXIT_EXECUTE, WHE_EXIT_IO };

/** What the access context of the exit says. */
struct whe_exit {
    enum whe_exit_kind kind;
    uint8_t byte_count;   /**< 0 to 16 */
    const uint8_t *bytes; /**< 16, in the caller's context */

    /* Port access. */
    WHV_X64_IO_PORT_ACCESS_INFO io;
    uint16_t port;
};

/** A fault that the guest is to receive. */
struct whe_event {
    uint8_t vector;
    bool has_code;
    bool is_fetch; /**< #PF of an instruction fetch: I/D depends on EFER and CR4 */
    uint32_t code;
    uint64_t parameter; /**< CR2 of a #PF */
};

/**
 * Pages translated in this call; translate.c. The key is page | purpose flags, which share no bits.
 * The first place is for the translation that the exit brings, the others are a ring.
 */
#define WHE_TRANSLATIONS 8 /* a power of two */
struct whe_translations {
    unsigned count; /**< how many were ever added to the ring */
    uint64_t key[1 + WHE_TRANSLATIONS];
    uint64_t gpa[1 + WHE_TRANSLATIONS];
};

/** The guest-physical places of an operand of up to 64 bytes, at most two pages. */
struct whe_span {
    uint64_t gpa[2];
    uint8_t size;
    uint8_t rest; /**< how many of its last bytes lie at gpa[1]; the others are at gpa[0] */
};

struct whe_call {
    const WHV_EMULATOR_CALLBACKS *callbacks;
    void *context;
    const WHV_VP_EXIT_CONTEXT *vp; /**< the caller's */
    struct whe_exit exit;
    struct whe_mode mode;
    struct whe_translations translations;
    struct whe_span
        span; /**< the planned memory operand of an instruction that is no string operation */
    uint64_t
        memory; /**< its value, up to 8 bytes: read before the handler runs, written after it */
    struct whe_event event;
    struct whe_regs regs;
};

/** @return a segment register; CS is what the exit says, the others must be known. */
static inline const WHV_X64_SEGMENT_REGISTER *whe_call_segment(const struct whe_call *call,
                                                               enum whe_reg reg)
{
    return reg == WHE_REG_CS ? &call->vp->Cs : whe_segment(&call->regs, reg);
}

#endif
