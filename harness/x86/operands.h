/* SPDX-License-Identifier: MIT */
/**
 * @file operands.h
 * What an instruction reads and writes, as far as its encoding tells: where a case for it needs
 * values and expectations.
 */
#ifndef WHVTRACE_X86_OPERANDS_H
#define WHVTRACE_X86_OPERANDS_H

#include "disasm.h"

#define WHT_PLACES_MAX    2
#define WHT_REGISTERS_MAX 12

/** A memory operand, that of a string instruction included. Absent registers are -1. */
struct wht_operand_place {
    int base; /**< WHV_REGISTER_NAME */
    int index;
    uint8_t scale;
    int64_t displacement; /**< relative to RIP: from the instruction's start */
    int segment;
    uint8_t address_bits; /**< 16, 32 or 64 */
    uint16_t size;        /**< bytes */
    bool is_read;
    bool is_written;
};

struct wht_operands {
    uint8_t length;
    bool is_branch; /**< RIP does not simply advance */
    bool has_rep;
    bool is_port;        /**< IN, OUT, INS, OUTS */
    bool is_port_read;   /**< IN, INS */
    bool is_string_port; /**< INS, OUTS */
    uint8_t port_size;   /**< bytes */
    int port;            /**< an immediate, or -1: DX */
    bool writes_flags;
    uint8_t stack_size; /**< bytes that PUSH, POP and the like move, otherwise 0 */
    bool is_stack_written;
    struct wht_operand_place places[WHT_PLACES_MAX];
    size_t place_count;
    /** Whole registers but those of addresses, RIP and RFLAGS. */
    WHV_REGISTER_NAME reads[WHT_REGISTERS_MAX];
    size_t read_count;
    WHV_REGISTER_NAME writes[WHT_REGISTERS_MAX];
    size_t write_count;
    /** A name for the form, e.g. "mov-m32-r32". */
    char slug[64];
};

/** @return false if the bytes are no instruction of that code. */
bool wht_operands(enum wht_code code, const uint8_t *bytes, size_t count,
                  struct wht_operands *operands);

#endif
