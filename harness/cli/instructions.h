/* SPDX-License-Identifier: MIT */
/**
 * @file instructions.h
 * What the built-in emulator's decoder takes: found by asking it about every opcode, never from a
 * list.
 */
#ifndef WHVTRACE_CLI_INSTRUCTIONS_H
#define WHVTRACE_CLI_INSTRUCTIONS_H

#include <whvemu/instructions.h>

#include "format/model.h"

#define WHT_FORM_TEXT 64

/** One combination of operands. */
struct wht_form {
    struct {
        /** An enum whvemu_operand_kind. */
        uint8_t kind;
        /** Bytes; 0 where the kind says enough. */
        uint8_t size;
    } operand[WHVEMU_OPERANDS];
    /** Mask of 1 << enum whvemu_code. */
    unsigned codes;
    /** LOCK is allowed. */
    bool is_lockable;
};

/** A row of the emulator's table. */
struct wht_instruction {
    /** In lower case; " (string)" behind the second of two equal names. */
    char name[32];
    unsigned traits;
    unsigned codes;
    bool is_lockable;
    /** A REP prefix counts. */
    bool repeats;
    /** String instructions: bytes, otherwise 0. */
    uint8_t element_size;
    struct wht_form *forms;
    size_t form_count;
    /** How many cases exercise it. */
    size_t cases;
};

struct wht_instructions {
    struct wht_instruction *items;
    size_t count;
};

/** Asks the decoder. Release with wht_instructions_free(). */
void wht_instructions_find(struct wht_instructions *list);
void wht_instructions_free(struct wht_instructions *list);

/**
 * @param code receives what the case's registers make of its code; NULL if not wanted.
 * @return the row that a case's instruction belongs to, or NULL if it has none.
 */
struct wht_instruction *wht_instruction_of(const struct wht_instructions *list,
                                           const struct wht_case *c, enum whvemu_code *code);

/** Writes an operand, e.g. "m32", "xmm", "imm". @return buf. */
const char *wht_operand_text(const struct wht_form *form, size_t operand, char buf[WHT_FORM_TEXT]);

#endif
