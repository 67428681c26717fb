/* SPDX-License-Identifier: MIT */
/**
 * @file values.h
 * Guest values as traces spell them: hex strings, bytes, registers, expected registers;
 * traces/FORMAT.md, "Values" and "Registers".
 */
#ifndef WHVTRACE_FORMAT_VALUES_H
#define WHVTRACE_FORMAT_VALUES_H

#include "check.h"

/**
 * Parses "0x" and hexadecimal digits, `_` allowed between digits; the value's low 128 bits.
 * @param overflows receives whether there are more.
 * @return false if the text is spelled otherwise.
 */
bool wht_parse_hex(const char *text, WHV_UINT128 *value, bool *overflows);

/** A string "0x..." of at most `bits` bits (1 to 64). */
bool wht_get_hex(struct wht_check *check, const struct wht_node *node, unsigned bits,
                 uint64_t *value);

/** The same for up to 128 bits. */
bool wht_get_hex128(struct wht_check *check, const struct wht_node *node, unsigned bits,
                    WHV_UINT128 *value);

/**
 * Bytes as hex pairs, spaces free between pairs. @param allow_any whether `??` may stand for any
 * byte. @param max most bytes.
 */
bool wht_get_bytes(struct wht_check *check, const struct wht_node *node, bool allow_any, size_t max,
                   struct wht_bytes *bytes);

/** What the spelling of a segment depends on. */
struct wht_segment_context {
    enum wht_mode mode;
    uint8_t cpl;
};

/** A register's plain value; segments and tables may be objects or short forms. */
bool wht_get_reg_value(struct wht_check *check, const struct wht_node *node, WHV_REGISTER_NAME name,
                       const struct wht_segment_context *context, WHV_REGISTER_VALUE *value);

/** The name of a register: a member's key, or a string in a list. */
bool wht_get_reg_key(struct wht_check *check, const struct wht_node *member,
                     WHV_REGISTER_NAME *name);

/**
 * Reports registers that a list names twice, or the keys of an object by two spellings of one
 * number (equal keys are reported by wht_check_duplicates()). @return whether there are none.
 */
bool wht_check_regs_once(struct wht_check *check, const struct wht_node *node);

/** An expected register: value, relative, any, masked, undef, either. @param init resolves "+2". */
bool wht_get_want_reg(struct wht_check *check, const struct wht_node *member,
                      const struct wht_init *init, struct wht_want_reg *want);

/** A map of expected registers, sorted by unsigned name. */
bool wht_get_want_regs(struct wht_check *check, const struct wht_node *node,
                       const struct wht_init *init, struct wht_want_reg **regs, size_t *count);

/** The same for what a get answers: plain values only. */
bool wht_get_answer_regs(struct wht_check *check, const struct wht_node *node,
                         const struct wht_init *init, struct wht_want_reg **regs, size_t *count);

/** Sorts expected registers by unsigned name. */
void wht_sort_want_regs(struct wht_want_reg *regs, size_t count);

/** The mode's own value of a segment register: flat, or base 0 and 64 KiB. */
WHV_X64_SEGMENT_REGISTER wht_mode_segment(const struct wht_segment_context *context,
                                          WHV_REGISTER_NAME name);

/** What "real:" and a selector say. */
WHV_X64_SEGMENT_REGISTER wht_real_segment(uint8_t cpl, WHV_REGISTER_NAME name, uint16_t selector);

/** The registers that have a value in each mode; take_init.c. */
#define WHT_MODE_REGISTERS 11
extern const WHV_REGISTER_NAME wht_mode_names_of_registers[WHT_MODE_REGISTERS];

/** take_init.c: a register's value in a mode. @return false if it is none of those. */
bool wht_mode_register(enum wht_mode mode, uint8_t cpl, WHV_REGISTER_NAME name,
                       WHV_REGISTER_VALUE *value);

#endif
