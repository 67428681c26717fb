/* SPDX-License-Identifier: MIT */
/**
 * @file guest.h
 * A guest for tests: registers, memory, translations and ports behind the five callbacks, with a
 * log of every callback, an injected failure, and a check of the rules that hold for each call of
 * the emulator.
 *
 * Memory is GUEST_MEMORY bytes from guest-physical 0; everything above is a device that answers
 * reads with guest_device_byte() and keeps what was written in the log alone.
 */
#ifndef WHVTRACE_TESTS_GUEST_H
#define WHVTRACE_TESTS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <whvemu/emulator.h>

#include "host_float.h"

#define GUEST_MEMORY   0x20000u
#define GUEST_LOG_MAX  8192u
#define GUEST_REGS_MAX 96u
#define GUEST_PAGES    16u
#define GUEST_DEVICE   0xfee00000u

enum guest_callback {
    /** The number of the status bit that a failure sets. */
    GUEST_IO = 2,
    GUEST_MEMORY_ACCESS = 3,
    GUEST_TRANSLATE = 4,
    GUEST_GET = 6,
    GUEST_SET = 7
};

struct guest_event {
    enum guest_callback kind;
    /** gpa, gva or port; the number of registers of Get and Set. */
    uint64_t address;
    /** What was read or written; a hash of names and values for Get and Set. */
    uint64_t data;
    /** Bytes; the flags of a translation. */
    uint32_t size;
    bool is_write;
    /** Of a memory access: the address at which guest_spread found its page. */
    uint64_t home;
    /** Of a write to memory: what was there. */
    uint64_t before;
};

/** A page whose translation is not the identity. */
struct guest_page {
    uint64_t gva;
    uint64_t gpa;
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    /** Applies to requests with any of these flags; 0: to all. */
    uint32_t flags;
};

struct guest_reg {
    WHV_REGISTER_NAME name;
    WHV_REGISTER_VALUE value;
};

/** What one translation of the next call answers, whatever the pages say. */
struct guest_answer {
    /** 1: the first translation; 0: none. */
    unsigned at;
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    /** Or-ed into the address. */
    uint64_t gpa_bits;
    /** The callback returns S_OK without having written anything. */
    bool leaves_result;
    /** Only the result is written. */
    bool leaves_gpa;
};

struct guest {
    struct guest_reg regs[GUEST_REGS_MAX];
    size_t reg_count;
    struct guest_page pages[GUEST_PAGES];
    size_t page_count;
    /** See guest_spread; 0: pages are where they are. */
    uint64_t spread[2];
    /** What the first IN answers; the next one 0x01010101 more. */
    uint32_t port_data;

    /** Get leaves what a register does not have full of noise. */
    bool is_noisy;
    /** Calls go through the preview form of the API. */
    bool uses_preview;

    /** 1: the first callback of the next call fails; 0: none. */
    unsigned fail_at;
    HRESULT fail_hr;
    struct guest_answer answer;

    struct guest_event log[GUEST_LOG_MAX];
    /** Of all callbacks, also of those that the log did not hold. */
    size_t log_count;
    size_t translate_count;
    /** How many IN there were. */
    uint32_t in_count;
    bool was_set;
    /** Of all Gets of the last call. */
    WHV_REGISTER_NAME get_names[GUEST_REGS_MAX];
    size_t get_count;
    /** Of its Set. */
    WHV_REGISTER_NAME set_names[GUEST_REGS_MAX];
    size_t set_count;
    /** The first rule that the emulator broke, or NULL. */
    const char *broken;
    /** The caller's in guest_run, MXCSR 0 otherwise. */
    struct host_float host_float;
    uint8_t memory[GUEST_MEMORY];
};

/** The modes of a test, as exit contexts show them. */
enum guest_mode {
    GUEST_REAL16,
    GUEST_VM86,
    GUEST_PROT16,
    GUEST_PROT32,
    GUEST_COMPAT16,
    GUEST_COMPAT32,
    GUEST_LONG64
};

/** Everything that the emulator is given for one call. */
struct guest_exit {
    WHV_VP_EXIT_CONTEXT vp;
    bool is_io;
    WHV_MEMORY_ACCESS_CONTEXT memory;
    WHV_X64_IO_PORT_ACCESS_CONTEXT io;
};

/** What became of a call. */
struct guest_result {
    HRESULT hr;
    uint32_t status;
};

/** Clears everything and sets the mode's segments (flat, or base 0 and 64 KiB), RIP 0x1000,
 * RFLAGS 2. */
void guest_init(struct guest *guest, enum guest_mode mode);

/** @return a segment as guest_init sets it. */
WHV_X64_SEGMENT_REGISTER guest_segment(enum guest_mode mode, bool is_code);

/** @return the slot of a register, created with the value 0 if need be. */
WHV_REGISTER_VALUE *guest_reg(struct guest *guest, WHV_REGISTER_NAME name);
/** @return its name in traces. */
const char *guest_reg_name(WHV_REGISTER_NAME name);
void guest_set64(struct guest *guest, WHV_REGISTER_NAME name, uint64_t value);
uint64_t guest_get64(struct guest *guest, WHV_REGISTER_NAME name);

/** A page that is where it would be without guest_map. */
#define GUEST_OWN_PAGE UINT64_MAX

/** Adds a translation. @param gpa where the page is found, or GUEST_OWN_PAGE. */
void guest_map(struct guest *guest, uint64_t gva, uint64_t gpa,
               WHV_TRANSLATE_GVA_RESULT_CODE result, uint32_t flags);

/**
 * Puts every guest-physical page that is not in guest_map elsewhere, neighbours far apart: page n
 * is found at n * multiplier, modulo 2^52.
 * @param multiplier an odd number; 1 puts every page at its own address.
 */
void guest_spread(struct guest *guest, uint64_t multiplier);

/** @return where the page of an address has been put. */
uint64_t guest_spread_address(const struct guest *guest, uint64_t address);

/** Takes the last call's writes to memory back. @return false if the log was too short for them. */
bool guest_undo(struct guest *guest);

/** What a device answers at an address. */
uint8_t guest_device_byte(uint64_t gpa);

/** A memory exit at RIP: gva = gpa = address, all given bytes of the instruction. */
struct guest_exit guest_memory_exit(struct guest *guest, enum guest_mode mode,
                                    WHV_MEMORY_ACCESS_TYPE access, uint64_t address,
                                    const uint8_t *code, size_t size);

/** A port exit at RIP. */
struct guest_exit guest_io_exit(struct guest *guest, enum guest_mode mode, uint16_t port,
                                unsigned size, bool is_write, bool is_string, const uint8_t *code,
                                size_t code_size);

/** The callbacks; each expects a struct guest as its context. */
WHV_EMULATOR_CALLBACKS guest_callbacks(void);

/** An emulator whose callbacks expect a struct guest as their context; NULL if it cannot be
 * created. */
WHV_EMULATOR_HANDLE guest_create_emulator(void);

/**
 * Clears the log, calls the emulator, and checks the rules that a whole call must obey: the order
 * of callbacks, batches that Windows accepts, exactly one bit of the status, contexts untouched.
 */
struct guest_result guest_run(struct guest *guest, WHV_EMULATOR_HANDLE emulator,
                              const struct guest_exit *exit);

#endif
