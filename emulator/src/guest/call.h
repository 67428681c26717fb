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
    /** 0 to 16. */
    uint8_t byte_count;
    /** 16, in the caller's context. */
    const uint8_t *bytes;
    /** Of a read or write exit with a valid one. */
    uint64_t gva;
    uint64_t gpa;

    /* Port access. */
    WHV_X64_IO_PORT_ACCESS_INFO io;
    uint16_t port;
};

/** A fault that the guest is to receive. */
struct whe_event {
    uint8_t vector;
    bool has_code;
    /** #PF of an instruction fetch: I/D depends on EFER and CR4. */
    bool is_fetch;
    uint32_t code;
    /** CR2 of a #PF. */
    uint64_t parameter;
};

/**
 * Pages translated in this call; translate.c. The key is page | purpose flags, which share no bits.
 */
#define WHE_TRANSLATIONS 8 /* a power of two */
struct whe_translations {
    /** Linear, of the exit's own translation. */
    uint64_t exit_page;
    /** Where that page lies. */
    uint64_t exit_gpa;
    /** Mask of whe_intent: purposes for which it serves; 0: there is none. */
    unsigned exit_allows;
    /** How many others were ever added: they are a ring. */
    unsigned count;
    uint64_t key[WHE_TRANSLATIONS];
    uint64_t gpa[WHE_TRANSLATIONS];
};

struct whe_call {
    const WHV_EMULATOR_CALLBACKS *callbacks;
    void *context;
    /** The caller's. */
    const WHV_VP_EXIT_CONTEXT *vp;
    struct whe_exit exit;
    struct whe_mode mode;
    struct whe_translations translations;
    struct whe_event event;
    struct whe_regs regs;
    /** What WHE_REG_MSR stands for, once that is asked for. */
    WHV_REGISTER_NAME msr_name;
    /** Of WHE_NO_ROW, WHE_NO_FEATURE: the decoder's number of the mnemonic. */
    uint16_t unknown;
};

/** @return a segment register; CS is what the exit says, the others must be known. */
static inline const WHV_X64_SEGMENT_REGISTER *whe_call_segment(const struct whe_call *call,
                                                               enum whe_reg reg)
{
    return reg == WHE_REG_CS ? &call->vp->Cs : whe_segment(&call->regs, reg);
}

#endif
