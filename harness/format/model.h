/* SPDX-License-Identifier: MIT */
/**
 * @file model.h
 * A trace case as the rest of the harness sees it: resolved, validated, immutable.
 *
 * Everything that depends on defaults (the mode's segments, exit fields taken from `code`, relative
 * register values, sizes taken from data) has been filled in by the loader, so that replay needs no
 * rule of the format. A case owns all that it points to, in one arena; release it with
 * wht_case_free().
 *
 * What is "given" was written, or is to be written, although it is what the loader fills in: it
 * decides how a case is printed (print.h) and nothing else.
 */
#ifndef WHVTRACE_FORMAT_MODEL_H
#define WHVTRACE_FORMAT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

#include "base/pos.h"
#include "words/kinds.h"

struct wht_node;

/** Bytes of which some may be "anything": mask[i] is 0xff for a compared byte, 0 for `??`. */
struct wht_bytes {
    /** NULL if size is 0. */
    uint8_t *data;
    /** NULL: every byte is compared. */
    uint8_t *mask;
    size_t size;
};

/** One register with a plain value. */
struct wht_reg {
    WHV_REGISTER_NAME name;
    WHV_REGISTER_VALUE value;
    /** In `init`: though it may be the mode's own value. */
    bool is_given;
};

enum wht_want_kind {
    /** (actual & mask) == (values[0] & mask). */
    WHT_WANT_VALUE,
    /** Equal to one of values[0..count-1] under mask. */
    WHT_WANT_EITHER,
    /** Never compared. */
    WHT_WANT_ANY
};

/**
 * An expected register. `undef` flags are already cleared from mask; relative values are resolved.
 */
struct wht_want_reg {
    WHV_REGISTER_NAME name;
    enum wht_want_kind kind;
    /** Over the raw 128 bits; U64 registers have High64 = 0. */
    WHV_UINT128 mask;
    /** NULL for WHT_WANT_ANY. */
    WHV_REGISTER_VALUE *values;
    size_t count;
    /** Given as a distance from the value in `init`. */
    bool is_distance;
    struct wht_pos pos;
};

/** Initial processor state: the mode's registers overlaid with the given ones, sorted by unsigned
 * name. */
struct wht_init {
    enum wht_mode mode;
    uint8_t cpl;
    /** A register not in regs was not captured; otherwise it is 0. */
    bool others_unknown;
    struct wht_reg *regs;
    size_t reg_count;
    /** Of regs; 0: for those that are there (here and below). */
    size_t reg_room;
    /** There is an `init`, if only an empty one. */
    bool is_given;
    /** Though it may be long64. */
    bool is_mode_given;
};

/** The keys of an exit, as numbers of bits. */
enum wht_exit_key {
#define EXIT_KEY(key, is_required, how, shape)      WHT_EXIT_KEY_##key,
#define EXIT_MMIO_KEY(key, is_required, how, shape) WHT_EXIT_KEY_##key,
#define EXIT_IO_KEY(key, is_required, how, shape)   WHT_EXIT_KEY_##key,
#include "keys.def"
    WHT_EXIT_KEYS
};

/**
 * Why the processor stopped. CPL, PE, AM, LMA, CS, RIP, RFLAGS of the exit context come from init.
 */
struct wht_exit {
    enum wht_exit_kind kind;
    /** io: READ is IN, WRITE is OUT. */
    enum wht_access access;
    /** Of an MMIO exit. */
    uint64_t gpa;
    /** Of an MMIO exit. */
    uint64_t gva;
    /** Of an MMIO exit. */
    bool gva_valid;
    /** Of an MMIO exit. */
    bool gpa_unmapped;
    /** Of a port exit. */
    uint16_t port;
    /** io: AccessSize, 0 to 7 (3 bits). */
    uint8_t size;
    /** Of a port exit. */
    bool string;
    /** Of a port exit. */
    bool rep;
    /** InstructionByteCount: how many of code are handed over (0 to 255 as given). */
    uint8_t bytes_given;
    /** InstructionLength, 0 to 15; preview cases 0 to 255. */
    uint8_t instr_len;
    bool interruption_pending;
    bool interrupt_shadow;
    bool debug_active;
    uint8_t cr8;
    /** Mask of keys. */
    unsigned given;
};

/** A region of guest-physical memory. Regions are sorted by gpa and do not overlap. */
struct wht_memory {
    uint64_t gpa;
    uint64_t size;
    /** size bytes for RAM and ROM, otherwise NULL. */
    uint8_t *data;
    enum wht_memory_kind kind;
    /** In the list as it was written. */
    uint32_t index;
};

/** Translation of one page that is not the identity. */
struct wht_page {
    /** 4 KiB aligned. */
    uint64_t gva;
    /** gva unless given; may be unaligned on purpose. */
    uint64_t gpa;
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    /** Mask of wht_page_for, never 0. */
    unsigned purposes;
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
    /** NULL if none. */
    char *note;

    /* Single elements. */
    /** gpa of mem, gva of translate, port of io. */
    uint64_t address;
    /** mem 1 to 8, io 1, 2, 4. */
    uint32_t size;
    /** False only where `fail` makes data optional. */
    bool has_data;
    /** mem; io: the value in little-endian order. */
    struct wht_bytes data;
    bool has_fail;
    /** What the callback returns, if has_fail. */
    HRESULT fail;
    /** translate. */
    bool has_flags;
    /** translate: WHV_TRANSLATE_GVA_FLAGS. */
    uint32_t flags;
    /** translate: result was written in the file. */
    bool has_result;
    /** translate; success by default. */
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    /** translate: gpa was written in the file. */
    bool has_gpa;
    /** translate. */
    uint64_t gpa;
    /** Get given as a list: values come from init. */
    bool names_only;
    /** Get, set; in a get each has exactly one value unless names_only. */
    struct wht_want_reg *regs;
    size_t reg_count;
    size_t reg_room;

    /* Groups. */
    struct wht_call *children;
    size_t child_count;
    size_t child_room;
    /** Turns of a repeat, at least 1. */
    uint32_t repeat;
    /** Added to the gpa of its mem elements per turn. */
    int64_t step;
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
    /** WHV_EMULATOR_STATUS.AsUINT32. */
    uint32_t status;
    /** Sorted by unsigned name. */
    struct wht_want_reg *regs;
    size_t reg_count;
    size_t reg_room;
    struct wht_want_memory *memory;
    size_t memory_count;
    size_t memory_room;
    bool has_fault;
    struct wht_want_fault fault;
    bool trap;
    /** Registers not listed may change. */
    bool others_any;
    /** False at WHT_MATCH_EFFECTS alone. */
    bool has_calls;
    struct wht_call *calls;
    size_t call_count;
    size_t call_room;
};

/** A key that is the author's own, `x-*` or `$comment`, and its value. */
struct wht_free {
    char *key;
    struct wht_node *value;
};

/** Free members of an object. */
struct wht_free_list {
    struct wht_free *items;
    size_t count;
    size_t room;
};

/** The emulator that a case was recorded of; what is not known is NULL. */
struct wht_source_emulator {
    char *file;
    char *version;
    char *sha256;
};

/** Where a case came from; what is not known is NULL. */
struct wht_source {
    /** There is a `source`. */
    bool is_given;
    /** "hand", "captured", "generated" or "minimized". */
    char *kind;
    char *tool;
    char *vmm;
    char *os;
    char *cpu;
    struct wht_source_emulator *emulator;
    char *guest;
    char *date;
    char *seed;
    /** seed is written as a number. */
    bool is_seed_number;
    char *from;
    bool has_redacted;
    bool redacted;
    struct wht_free_list free;
};

/** A NULL-free list of strings. */
struct wht_strings {
    char **items;
    size_t count;
    size_t room;
};

/** The keys of a case, as numbers of bits. */
enum wht_case_key {
#define CASE_KEY(key, is_required, how, shape) WHT_CASE_KEY_##key,
#include "keys.def"
    WHT_CASE_KEYS
};

/** A case. Of free members it holds those of its own and of its source; those of the objects within
 * stay in the text (wht_reader_text()). */
struct wht_case {
    /** `$schema`, NULL if none. */
    char *schema;
    char *id;
    /** Path relative to the traces root + "#" + id: the test's name for good. */
    char *name;
    /** As opened, for messages. */
    char *file;
    /** Where the case starts. */
    struct wht_pos pos;
    /** How many cases stand before it in its file, valid or not. */
    size_t ordinal;

    uint8_t code[16];
    uint8_t code_size;
    /** NULL if not given. */
    char *asm_text;
    enum wht_api api;
    struct wht_init init;
    struct wht_exit exit;
    struct wht_memory *memory;
    size_t memory_count;
    size_t memory_room;
    struct wht_page *pages;
    size_t page_count;
    size_t page_room;
    struct wht_expect expect;
    enum wht_match match;
    enum wht_verdict verdict;
    struct wht_strings flags;
    struct wht_strings spec;
    /** What the author has not said yet; such a case cannot pass. */
    struct wht_strings todo;
    /** Why exit and code, or unused entries, disagree on purpose, or NULL. */
    char *deliberate;
    struct wht_strings tags;
    /** NULL if none. */
    char *note;
    struct wht_source source;
    struct wht_free_list free;
    /** Mask of keys: api, match, verdict. */
    unsigned given;
    /** Why the case was withdrawn (revoked.h), or NULL. */
    char *revoked;
    /** Holds all of the above, the case itself included. */
    struct wht_arena *arena;
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

/** @return a copy in an arena of its own, to be released with wht_case_free(). */
struct wht_case *wht_case_clone(const struct wht_case *c);

/*
 * Making and changing cases. All of it allocates in the case's arena and copies what it is given; a
 * pointer that is returned is good until the next one is added to the same list. Nothing is judged:
 * that is what wht_accept_case() (accept.h) and the verbs that write a corpus do.
 */

/** @return a case that has an id, a mode with its registers, and what the loader fills in where a
 * file says nothing; to be released with wht_case_free(). */
struct wht_case *wht_case_new(const char *id, enum wht_mode mode, uint8_t cpl);

/** @return a copy of a text; NULL of NULL. */
char *wht_case_text(struct wht_case *c, const char *text);

void wht_case_set_code(struct wht_case *c, const uint8_t *code, size_t size);

/** Sets a register of `init`, which is given then. */
void wht_case_set_reg(struct wht_case *c, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE value);
void wht_case_set_reg64(struct wht_case *c, WHV_REGISTER_NAME name, uint64_t value);

/** Fills in what of the exit is not given: it follows from code, mode and the other keys. */
void wht_case_finish_exit(struct wht_case *c);

/** Adds a region, at its place. @param data size bytes, or NULL: zeros in RAM and ROM. */
struct wht_memory *wht_case_add_memory(struct wht_case *c, enum wht_memory_kind kind, uint64_t gpa,
                                       const uint8_t *data, uint64_t size);

/** Adds a translation. */
struct wht_page *wht_case_add_page(struct wht_case *c, const struct wht_page *page);

/**
 * Adds an expected register, at its place; of a name that is there already it takes the place.
 * @param value NULL: any. The mask is whole.
 */
struct wht_want_reg *wht_case_want(struct wht_case *c, WHV_REGISTER_NAME name,
                                   const WHV_REGISTER_VALUE *value);
struct wht_want_reg *wht_case_want64(struct wht_case *c, WHV_REGISTER_NAME name, uint64_t value);

/** Adds a value to one that has one: either is right then. */
void wht_case_want_either(struct wht_case *c, struct wht_want_reg *want, WHV_REGISTER_VALUE value);

/** Adds expected bytes. @param mask NULL: all are compared. */
void wht_case_want_memory(struct wht_case *c, uint64_t gpa, const uint8_t *data,
                          const uint8_t *mask, size_t size);

/** Adds an expected callback. @param group NULL: to `expect`. @return it, with nothing but its
 * kind. */
struct wht_call *wht_case_add_call(struct wht_case *c, struct wht_call *group,
                                   enum wht_call_kind kind);

/** Gives a callback its data, and with them its size. @param mask NULL: all are compared. */
void wht_call_set_data(struct wht_case *c, struct wht_call *call, const uint8_t *data,
                       const uint8_t *mask, size_t size);

/** As wht_case_want(), of a get or set. */
struct wht_want_reg *wht_call_want(struct wht_case *c, struct wht_call *call,
                                   WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *value);

/** Adds to a list of strings of the case. */
void wht_case_add_string(struct wht_case *c, struct wht_strings *strings, const char *text);

/** Adds a free member, of the case or of its source. @param value is copied. */
void wht_case_add_free(struct wht_case *c, struct wht_free_list *list, const char *key,
                       const struct wht_node *value);

/** Lays a source over another one: what the first one does not say, the other one does. */
void wht_case_lay_source(struct wht_case *c, const struct wht_source *below);

#endif
