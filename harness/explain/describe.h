/* SPDX-License-Identifier: MIT */
/**
 * @file describe.h
 * Callbacks, registers and exits in words.
 */
#ifndef WHVTRACE_EXPLAIN_DESCRIBE_H
#define WHVTRACE_EXPLAIN_DESCRIBE_H

#include "base/text.h"
#include "session/result.h"

/** "memory write", "get registers", "any order", ... */
const char *wht_call_kind_name(enum wht_call_kind kind);

/** Adds bytes as hex pairs; `??` where mask is 0. mask may be NULL. */
void wht_describe_bytes(struct wht_text *text, const uint8_t *data, const uint8_t *mask,
                        size_t size);

/** Adds a port value, given in little-endian order, as a number. */
void wht_describe_port_value(struct wht_text *text, const uint8_t *data, size_t size);

/** Adds an element on one line, e.g. "memory write 0xfee000b0, 4 bytes: 78 56 34 12". */
void wht_describe_expected(struct wht_text *text, const struct wht_expected_call *expected);
/** Adds a callback on one line, with the data that it sends. */
void wht_describe_event(struct wht_text *text, const struct wht_event *event);

/** Adds a register's value, flags and events spelled out. */
void wht_describe_value(struct wht_text *text, WHV_REGISTER_NAME name,
                        const WHV_REGISTER_VALUE *value);
/** @return the low bits in which a register is compared; all for registers that are not 64 bits
 * wide. */
uint64_t wht_compared_bits(const struct wht_want_reg *want);
/** Adds what is wanted: a value, "0x1 or 0x2", "0x2, OF AF undefined", "anything". */
void wht_describe_want(struct wht_text *text, const struct wht_want_reg *want);

/** Adds "#PF code 0x2 [W] address 0x1000", or "none"; the letters are P, W, U, R and I. */
void wht_describe_event_register(struct wht_text *text, const WHV_REGISTER_VALUE *value);
void wht_describe_fault(struct wht_text *text, const struct wht_want_fault *fault);

/** Adds the registers that the instruction reads, as the case gives them; nothing if there are
 * none. */
void wht_describe_inputs(struct wht_text *text, const struct wht_case *c);

/** Adds the exit on one line, e.g. "memory write exit at 0xfee000b0". */
void wht_describe_exit(struct wht_text *text, const struct wht_case *c);

/** Adds code bytes and disassembly, e.g. "89 03  mov dword ptr [rbx], eax". */
void wht_describe_code(struct wht_text *text, const struct wht_case *c);

/** Writes the mnemonic without prefixes into buf (n bytes). */
void wht_mnemonic(const struct wht_case *c, char *buf, size_t n);

/** Adds a word as a shell takes it, in quotes if it needs them. */
void wht_describe_shell_word(struct wht_text *text, const char *word);

#endif
