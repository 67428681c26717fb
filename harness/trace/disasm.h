/* SPDX-License-Identifier: MIT */
/**
 * @file disasm.h
 * What the bytes of a case are, by Zydis.
 */
#ifndef WHVTRACE_TRACE_DISASM_H
#define WHVTRACE_TRACE_DISASM_H

#include "model.h"

/** What decoding depends on. */
enum wht_code {
    WHT_CODE_REAL16, /**< 16-bit code in real or virtual-8086 mode */
    WHT_CODE_PROT16,
    WHT_CODE_32,
    WHT_CODE_64
};

/** @return what the case's registers make of its code: LMA and CS.L, then VM, then CS.D. */
enum wht_code wht_code_of(const struct wht_case *c);

/** @return the linear address at which the case's code lies; what was not captured counts as 0. */
uint64_t wht_code_linear(const struct wht_case *c);

/** What a loader wants to know of an instruction. */
struct wht_insn_info {
    uint8_t length;
    bool is_string_io; /**< INS or OUTS */
    bool has_rep;
};

/** Decodes the case's first instruction in its mode. @return false if the bytes are none. */
bool wht_insn_info(const struct wht_case *c, struct wht_insn_info *info);

/** As wht_disasm(), of bytes. */
bool wht_disasm_bytes(enum wht_code code, const uint8_t *bytes, size_t count, char *buf, size_t n,
                      uint8_t *length);

/**
 * Writes the Intel text of the case's first instruction.
 * @param buf    n bytes; receives "(no instruction)" if the bytes are none.
 * @param length receives its length, 0 if the bytes are none; NULL if not wanted.
 * @return whether the bytes are an instruction.
 */
bool wht_disasm(const struct wht_case *c, char *buf, size_t n, uint8_t *length);

/** More registers than an instruction reads. */
#define WHT_READS_MAX 16

/**
 * Lists the registers that the case's first instruction reads: operands, addresses, flags; RIP and
 * segments with base 0 are left out.
 * @param names receives up to WHT_READS_MAX names in the order of the operands, each once.
 * @return how many; 0 if the bytes are no instruction.
 */
size_t wht_disasm_reads(const struct wht_case *c, WHV_REGISTER_NAME *names);

/**
 * Lists the general registers that tell where the case's first instruction accesses memory or a
 * port, or how often.
 * @param names receives up to WHT_READS_MAX names; one may stand twice.
 * @return how many; 0 if the bytes are no instruction.
 */
size_t wht_disasm_addresses(const struct wht_case *c, WHV_REGISTER_NAME *names);

/**
 * Writes the mnemonic of bytes in lower case, "none" if they are no instruction.
 * @param buf n bytes, at least 8.
 */
void wht_mnemonic_of(enum wht_code code, const uint8_t *bytes, size_t count, char *buf, size_t n);

/**
 * @param is_known receives whether the bytes are an instruction.
 * @return whether it reads or writes memory, the stack included; those that interrupt never do.
 */
bool wht_touches_memory(enum wht_code code, const uint8_t *bytes, size_t count, bool *is_known);

/** Flags that an instruction can leave undefined. */
#define WHT_UNDEFINED_MAX 8

/**
 * Lists the status flags that the manuals leave undefined after an instruction.
 * @param names receives their names as traces spell them.
 * @return how many; 0 if the bytes are no instruction.
 */
size_t wht_undefined_flags(enum wht_code code, const uint8_t *bytes, size_t count,
                           const char **names);

#endif
