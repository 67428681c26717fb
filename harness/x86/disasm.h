/* SPDX-License-Identifier: MIT */
/**
 * @file disasm.h
 * What bytes of code are, by Zydis. Where an instruction is handed over as `code`, `bytes` and
 * `count`, the first one of the bytes counts.
 */
#ifndef WHVTRACE_X86_DISASM_H
#define WHVTRACE_X86_DISASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

/** What decoding depends on. */
enum wht_code {
    /** 16-bit code in real or virtual-8086 mode. */
    WHT_CODE_REAL16,
    WHT_CODE_PROT16,
    WHT_CODE_32,
    WHT_CODE_64
};

/** What a loader wants to know of an instruction. */
struct wht_insn_info {
    uint8_t length;
    /** INS or OUTS. */
    bool is_string_io;
    bool has_rep;
};

/** @return false if the bytes are no instruction. */
bool wht_insn_info(enum wht_code code, const uint8_t *bytes, size_t count,
                   struct wht_insn_info *info);

/**
 * Writes the Intel text of an instruction.
 * @param buf    n bytes; receives "(no instruction)" if the bytes are none.
 * @param length receives its length, 0 if the bytes are none; NULL if not wanted.
 * @return whether the bytes are an instruction.
 */
bool wht_disasm(enum wht_code code, const uint8_t *bytes, size_t count, char *buf, size_t n,
                uint8_t *length);

/** More registers than an instruction reads. */
#define WHT_READS_MAX 16

/**
 * Lists the registers that an instruction reads: operands, addresses with their segments, flags;
 * RIP is left out.
 * @param names receives up to WHT_READS_MAX names in the order of the operands, each once.
 * @return how many; 0 if the bytes are no instruction.
 */
size_t wht_disasm_reads(enum wht_code code, const uint8_t *bytes, size_t count,
                        WHV_REGISTER_NAME *names);

/**
 * Lists the general registers that tell where an instruction accesses memory or a port, or how
 * often.
 * @param names receives up to WHT_READS_MAX names; one may stand twice.
 * @return how many; 0 if the bytes are no instruction.
 */
size_t wht_disasm_addresses(enum wht_code code, const uint8_t *bytes, size_t count,
                            WHV_REGISTER_NAME *names);

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
