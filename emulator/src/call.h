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

/** The exit, independent of the API form in which it arrived. Pointers point into the caller's
 * context. */
struct whe_exit {
    enum whe_exit_kind kind;
    WHV_X64_VP_EXECUTION_STATE state;
    uint8_t byte_count; /**< 0 to 16 */
    const uint8_t *bytes;
    const WHV_X64_SEGMENT_REGISTER *cs;
    uint64_t rip;
    uint64_t rflags;

    /* Port access. */
    WHV_X64_IO_PORT_ACCESS_INFO io;
    uint16_t port;
    uint8_t instruction_length; /**< 1 to 15 if this is no string operation */
};

/** A fault that the guest is to receive. */
struct whe_event {
    uint8_t vector;
    bool has_code;
    bool is_fetch; /**< #PF of an instruction fetch: I/D depends on EFER and CR4 */
    uint32_t code;
    uint64_t parameter; /**< CR2 of a #PF */
};

/** Pages translated in this call; translate.c. The key is page | purpose flags, which share no
 * bits. */
#define WHE_TRANSLATIONS 8
struct whe_translations {
    unsigned count; /**< how many were ever added; the table is a ring */
    uint64_t key[WHE_TRANSLATIONS];
    uint64_t gpa[WHE_TRANSLATIONS];
};

/** The guest-physical places of an operand of up to 64 bytes, at most two pages. */
struct whe_span {
    uint64_t gpa[2];
    uint8_t size;
    uint8_t first; /**< how many bytes lie at gpa[0]; the rest is at gpa[1] */
};

/** What is special about the end of the instruction. */
enum whe_retirement {
    WHE_RETIRES,
    WHE_RETIRES_BLOCKING, /**< MOV SS: neither trap nor interrupt before the next instruction */
    WHE_UNFINISHED        /**< a REP stopped for single-step: RIP stays */
};

struct whe_call {
    const WHV_EMULATOR_CALLBACKS *callbacks;
    void *context;
    struct whe_decode_cache *cache;

    struct whe_exit exit;
    struct whe_mode mode;
    struct whe_translations translations;
    struct whe_span
        span; /**< the planned memory operand of an instruction that is no string operation */
    struct whe_event event;
    enum whe_retirement retirement;
    struct whe_regs regs;
};

/** @return a segment register; CS is what the exit says, the others must be known. */
static inline const WHV_X64_SEGMENT_REGISTER *whe_call_segment(const struct whe_call *call,
                                                               enum whe_reg reg)
{
    return reg == WHE_REG_CS ? call->exit.cs : whe_segment(&call->regs, reg);
}

#endif
