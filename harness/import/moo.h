/* SPDX-License-Identifier: MIT */
/**
 * @file moo.h
 * Reading MOO files, versions 1.0 and 1.1: the binary form of SingleStepTests for x86 processors
 * (8088, 8086, V20, V30, 186, 286, 386), plain or gzipped.
 *
 * All is little endian and made of chunks: four letters, a length, a payload, which may hold
 * chunks. Unknown chunks are passed over. Files are hostile: every length is checked. A reader
 * serves one thread at a time.
 */
#ifndef WHVTRACE_IMPORT_MOO_H
#define WHVTRACE_IMPORT_MOO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHT_MOO_ERROR_MAX 160

/** The registers in the order of an RG32 chunk. */
enum wht_moo_reg {
    WHT_MOO_CR0,
    WHT_MOO_CR3,
    WHT_MOO_AX,
    WHT_MOO_BX,
    WHT_MOO_CX,
    WHT_MOO_DX,
    WHT_MOO_SI,
    WHT_MOO_DI,
    WHT_MOO_BP,
    WHT_MOO_SP,
    WHT_MOO_CS,
    WHT_MOO_DS,
    WHT_MOO_ES,
    WHT_MOO_FS,
    WHT_MOO_GS,
    WHT_MOO_SS,
    WHT_MOO_IP,
    WHT_MOO_FLAGS,
    WHT_MOO_DR6,
    WHT_MOO_DR7,
    WHT_MOO_REGS
};

/** Registers of 16 or 32 bits. Also masks of them: a set bit is defined. */
struct wht_moo_regs {
    /** Mask of 1 << enum wht_moo_reg. */
    uint32_t present;
    uint32_t value[WHT_MOO_REGS];
};

/** Bytes of the file. */
struct wht_moo_span {
    const uint8_t *data;
    size_t size;
};

struct wht_moo_state {
    struct wht_moo_regs regs;
    /** Entries of 5 bytes: address, value. */
    struct wht_moo_span ram;
};

enum wht_moo_bus {
    WHT_MOO_OTHER,
    WHT_MOO_CODE,
    WHT_MOO_MEMR,
    WHT_MOO_MEMW,
    WHT_MOO_IOR,
    WHT_MOO_IOW
};

/** One transfer on the bus, of one byte or two. */
struct wht_moo_transfer {
    enum wht_moo_bus bus;
    uint32_t address;
    uint8_t size;
    uint8_t data[2];
};

struct wht_moo_test {
    uint32_t index;
    struct wht_moo_span name;
    struct wht_moo_span bytes;
    struct wht_moo_state initial;
    struct wht_moo_state final;
    /** Of this test, RMSK or RM32 in FINA. */
    struct wht_moo_regs mask;
    /** Entries of 15 bytes. */
    struct wht_moo_span cycles;
    /** 20 bytes, or none. */
    struct wht_moo_span hash;
    bool has_exception;
    uint8_t exception;
    /** Of its chunk in the file. */
    uint32_t offset;
};

struct wht_moo;

/** @return NULL with a reason in error (WHT_MOO_ERROR_MAX bytes). */
struct wht_moo *wht_moo_open(const char *path, char *error);
void wht_moo_close(struct wht_moo *moo);

/** @return four letters, without the blanks at their end. */
const char *wht_moo_cpu(const struct wht_moo *moo);
/** @return the version as "1.1". */
const char *wht_moo_version(const struct wht_moo *moo);
/** @return the masks that hold for every test of the file. */
const struct wht_moo_regs *wht_moo_mask(const struct wht_moo *moo);
/** @return 0 for real mode, else what the file's META chunk says. */
uint8_t wht_moo_mode(const struct wht_moo *moo);

enum wht_moo_next {
    WHT_MOO_TEST,
    /** It is damaged; the next one may be good. */
    WHT_MOO_BAD_TEST,
    WHT_MOO_END,
    /** So is the file: nothing more can be read. */
    WHT_MOO_DAMAGED
};

/**
 * Reads the next test.
 * @param test  points into the reader.
 * @param error WHT_MOO_ERROR_MAX bytes; receives what is wrong, and where.
 */
enum wht_moo_next wht_moo_next(struct wht_moo *moo, struct wht_moo_test *test, char *error);

/** @return how many entries a RAM list has. */
size_t wht_moo_ram_count(const struct wht_moo_state *state);
/** Reads entry i of a RAM list. */
void wht_moo_ram(const struct wht_moo_state *state, size_t i, uint32_t *address, uint8_t *value);

/**
 * Finds the next transfer on the bus.
 * @param at a place in the cycles, 0 for the first; moves on.
 * @return false if there is none.
 */
bool wht_moo_transfer(const struct wht_moo *moo, const struct wht_moo_test *test, size_t *at,
                      struct wht_moo_transfer *transfer);

#endif
