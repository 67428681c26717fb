/* SPDX-License-Identifier: MIT */
/**
 * @file model.h
 * A trace case as the rest of the harness sees it: resolved, validated, immutable.
 *
 * Everything that depends on defaults (the mode's segments, exit fields taken from `code`, relative
 * register values, sizes taken from data) has been filled in by the loader, so that replay needs no
 * rule of the format. A case owns all that it points to; release it with wht_case_free() (load.h).
 */
#ifndef WHVTRACE_FORMAT_MODEL_H
#define WHVTRACE_FORMAT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

#include "base/pos.h"
#include "words/kinds.h"

/** Bytes of which some may be "anything": mask[i] is 0xff for a compared byte, 0 for `??`. */
struct wht_bytes {
    uint8_t *data; /**< NULL if size is 0 */
    uint8_t *mask; /**< NULL: every byte is compared */
    size_t size;
};

/** One register with a plain value. */
struct wht_reg {
    WHV_REGISTER_NAME name;
    WHV_REGISTER_VALUE value;
};

enum wht_want_kind {
    WHT_WANT_VALUE,  /**< (actual & mask) == (values[0] & mask) */
    WHT_WANT_EITHER, /**< equal to one of values[0..count-1] under mask */
    WHT_WANT_ANY     /**< never compared */
};

/** An expected register. `undef` flags are already cleared from mask; relative values are resolved.
 */
struct wht_want_reg {
    WHV_REGISTER_NAME name;
    enum wht_want_kind kind;
    WHV_UINT128 mask;           /**< over the raw 128 bits; U64 registers have High64 = 0 */
    WHV_REGISTER_VALUE *values; /**< NULL for WHT_WANT_ANY */
    size_t count;
    struct wht_pos pos;
};

/** Initial processor state: the mode's registers overlaid with the given ones, sorted by unsigned
 * name. */
struct wht_init {
    enum wht_mode mode;
    uint8_t cpl;
    bool others_unknown; /**< a register not in regs was not captured; otherwise it is 0 */
    struct wht_reg *regs;
    size_t reg_count;
};

/** Why the processor stopped. CPL, PE, AM, LMA, CS, RIP, RFLAGS of the exit context come from init.
 */
struct wht_exit {
    enum wht_exit_kind kind;
    enum wht_access access; /**< io: READ is IN, WRITE is OUT */
    uint64_t gpa;           /**< mmio */
    uint64_t gva;           /**< mmio */
    bool gva_valid;         /**< mmio */
    bool gpa_unmapped;      /**< mmio */
    uint16_t port;          /**< io */
    uint8_t size;           /**< io: AccessSize, 0 to 7 (3 bits) */
    bool string;            /**< io */
    bool rep;               /**< io */
    uint8_t bytes_given;    /**< InstructionByteCount: how many of code are handed over (0 to 255 as
                               given) */
    uint8_t instr_len;      /**< InstructionLength, 0 to 15; preview cases 0 to 255 */
    bool interruption_pending;
    bool interrupt_shadow;
    bool debug_active;
    uint8_t cr8;
};

/** A region of guest-physical memory. Regions are sorted by gpa and do not overlap. */
struct wht_memory {
    uint64_t gpa;
    uint64_t size;
    uint8_t *data; /**< size bytes for RAM and ROM, otherwise NULL */
    enum wht_memory_kind kind;
    uint32_t index; /**< in the list as it was written */
};

/** Translation of one page that is not the identity. */
struct wht_page {
    uint64_t gva; /**< 4 KiB aligned */
    uint64_t gpa; /**< gva unless given; may be unaligned on purpose */
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    unsigned purposes; /**< mask of wht_page_for, never 0 */
};

enum wht_call_kind {
    WHT_CALL_MEM_READ,
    WHT_CALL_MEM_WRITE,
    WHT_CALL_IO_IN,
    WHT_CALL_IO_OUT,
    WHT_CALL_TRANSLATE,
    WHT_CALL_GET,
    WHT_CALL_SET,
    WHT_CALL_ANY_ORDER,
    WHT_CALL_OPTIONAL,
    WHT_CALL_REPEAT
};

/** An expected callback, or a group of them. */
struct wht_call {
    enum wht_call_kind kind;
    struct wht_pos pos;
    char *note; /**< NULL if none */

    /* Single elements. */
    uint64_t address;      /**< gpa of mem, gva of translate, port of io */
    uint32_t size;         /**< mem 1 to 8, io 1, 2, 4 */
    bool has_data;         /**< false only where `fail` makes data optional */
    struct wht_bytes data; /**< mem; io: the value in little-endian order */
    bool has_fail;
    HRESULT fail;                         /**< what the callback returns, if has_fail */
    bool has_flags;                       /**< translate */
    uint32_t flags;                       /**< translate: WHV_TRANSLATE_GVA_FLAGS */
    bool has_result;                      /**< translate: result was written in the file */
    WHV_TRANSLATE_GVA_RESULT_CODE result; /**< translate; success by default */
    bool has_gpa;                         /**< translate: gpa was written in the file */
    uint64_t gpa;                         /**< translate */
    bool names_only;                      /**< get given as a list: values come from init */
    struct wht_want_reg
        *regs; /**< get, set; in a get each has exactly one value unless names_only */
    size_t reg_count;

    /* Groups. */
    struct wht_call *children;
    size_t child_count;
    uint32_t repeat; /**< turns of a repeat, at least 1 */
    int64_t step;    /**< added to the gpa of its mem elements per turn */
};

struct wht_want_memory {
    uint64_t gpa;
    struct wht_bytes data;
    struct wht_pos pos;
};

struct wht_want_fault {
    uint8_t vector;
    bool has_code;
    uint32_t code;
    bool has_address;
    uint64_t address;
};

/** What must happen. */
struct wht_expect {
    HRESULT hr;
    uint32_t status;           /**< WHV_EMULATOR_STATUS.AsUINT32 */
    struct wht_want_reg *regs; /**< sorted by unsigned name */
    size_t reg_count;
    struct wht_want_memory *memory;
    size_t memory_count;
    bool has_fault;
    struct wht_want_fault fault;
    bool trap;
    bool others_any; /**< registers not listed may change */
    bool has_calls;  /**< false at WHT_MATCH_EFFECTS alone */
    struct wht_call *calls;
    size_t call_count;
};

/** A NULL-free list of strings. */
struct wht_strings {
    char **items;
    size_t count;
};

struct wht_case {
    char *id;
    char *name; /**< path relative to the traces root + "#" + id: the test's name for good */
    char *file; /**< as opened, for messages */
    struct wht_pos pos; /**< where the case starts */
    size_t ordinal;     /**< how many cases stand before it in its file, valid or not */

    uint8_t code[16];
    uint8_t code_size;
    char *asm_text; /**< NULL if not given */
    enum wht_api api;
    struct wht_init init;
    struct wht_exit exit;
    struct wht_memory *memory;
    size_t memory_count;
    struct wht_page *pages;
    size_t page_count;
    struct wht_expect expect;
    enum wht_match match;
    enum wht_verdict verdict;
    struct wht_strings flags;
    struct wht_strings spec;
    struct wht_strings todo; /**< what the author has not said yet; such a case cannot pass */
    char *deliberate; /**< why exit and code, or unused entries, disagree on purpose, or NULL */
    struct wht_strings tags;
    char *note;              /**< NULL if none */
    char *revoked;           /**< why the case was withdrawn (revoked.h), or NULL */
    struct wht_arena *arena; /**< holds all of the above, the case itself included */
};

/** @return the known value of a register (0 where the case leaves it 0), or NULL if it was not
 * captured. */
const WHV_REGISTER_VALUE *wht_init_reg(const struct wht_init *init, WHV_REGISTER_NAME name);

/** @return what a list wants of a register, or NULL if nothing. */
const struct wht_want_reg *wht_want_reg_of(const struct wht_want_reg *regs, size_t count,
                                           WHV_REGISTER_NAME name);

/** @return whether a callback is about a port. */
bool wht_call_is_io(enum wht_call_kind kind);

/** Releases a case and all that it owns; NULL is allowed. */
void wht_case_free(struct wht_case *c);

#endif
