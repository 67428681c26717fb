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
    uint64_t gva;         /**< of a read or write exit with a valid one */
    uint64_t gpa;

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
 */
#define WHE_TRANSLATIONS 8 /* a power of two */
struct whe_translations {
    uint64_t exit_page;   /**< linear, of the exit's own translation */
    uint64_t exit_gpa;    /**< where that page lies */
    unsigned exit_allows; /**< mask of whe_intent: purposes for which it serves; 0: there is none */
    unsigned count;       /**< how many others were ever added: they are a ring */
    uint64_t key[WHE_TRANSLATIONS];
    uint64_t gpa[WHE_TRANSLATIONS];
};

struct whe_call {
    const WHV_EMULATOR_CALLBACKS *callbacks;
    void *context;
    const WHV_VP_EXIT_CONTEXT *vp; /**< the caller's */
    struct whe_exit exit;
    struct whe_mode mode;
    struct whe_translations translations;
    struct whe_event event;
    struct whe_regs regs;
    uint16_t unknown; /**< of WHE_NO_ROW, WHE_NO_FEATURE: the decoder's number of the mnemonic */
};

/** @return a segment register; CS is what the exit says, the others must be known. */
static inline const WHV_X64_SEGMENT_REGISTER *whe_call_segment(const struct whe_call *call,
                                                               enum whe_reg reg)
{
    return reg == WHE_REG_CS ? &call->vp->Cs : whe_segment(&call->regs, reg);
}

#endif
