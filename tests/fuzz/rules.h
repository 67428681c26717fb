/* SPDX-License-Identifier: MIT */
/**
 * @file rules.h
 * Judges one call of an emulator by what went through its callbacks. Knows the contract of the API
 * and nothing of how an emulator works: it decodes no instruction.
 */
#ifndef WHVTRACE_TESTS_FUZZ_RULES_H
#define WHVTRACE_TESTS_FUZZ_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <whvemu/emulator.h>

/** Callbacks, by the number of the status bit that says that one failed. */
enum rules_kind {
    RULES_IO = 2,
    RULES_MEMORY = 3,
    RULES_TRANSLATE = 4,
    RULES_GET = 6,
    RULES_SET = 7
};

struct rules_register {
    WHV_REGISTER_NAME name;
    /** Sent by a Set; answered to a Get, 0 where nothing was answered. */
    WHV_REGISTER_VALUE value;
};

/** One callback: what it was asked, and what it answered. */
struct rules_event {
    enum rules_kind kind;
    HRESULT hr;
    /** The Context was another. */
    bool is_foreign;

    /** gpa, gva or port. */
    uint64_t address;
    /** Of an access, as given. */
    uint32_t size;
    /** Of an access, as given. */
    uint8_t direction;
    /** All that a write or OUT sends; what a read or IN was answered. */
    uint64_t data;

    /** Of a translation. */
    uint32_t flags;
    /** Of a translation; UINT32_MAX if nothing was answered. */
    uint32_t result;
    /** Of a translation; RULES_NO_PAGE if none was answered. */
    uint64_t gpa;
    /** An array of registers. */
    bool is_unaligned;
    /** Registers that follow. */
    uint32_t count;
    const struct rules_register *registers;
};

/** The exit, whichever form of the API was used. */
struct rules_exit {
    bool is_preview;
    bool is_io;
    WHV_VP_EXIT_CONTEXT vp;
    /** In place of that in vp: the preview's is a whole byte. */
    uint8_t instruction_length;
    WHV_MEMORY_ACCESS_CONTEXT memory;
    WHV_X64_IO_PORT_ACCESS_CONTEXT io;
};

/** Not the address of a page. */
#define RULES_NO_PAGE UINT64_MAX

/** A whole call. */
struct rules_call {
    HRESULT hr;
    uint32_t status;
    const struct rules_event *events;
    size_t count;
    /** More happened than the log holds. */
    bool is_unbounded;
};

enum rules_rule {
    RULES_HOLD,
#define RULE(name, text) RULES_##name,
#include "rules.def"
    RULES_COUNT
};

/**
 * Looks for a rule that a call broke.
 * @param at receives the number of the callback that shows it; call->count for the call as a whole.
 * @return the first rule that is broken, or RULES_HOLD.
 */
enum rules_rule rules_check(const struct rules_exit *exit, const struct rules_call *call,
                            size_t *at);

/** @return what was done where a rule is broken. */
const char *rules_text(enum rules_rule rule);

#endif
