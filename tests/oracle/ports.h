/* SPDX-License-Identifier: MIT */
/**
 * @file ports.h
 * Port instructions at CPL 0: by Unicorn, which lets a test be the device, and by the emulator.
 *
 * Both run on the same kind of memory, PORTS_MEMORY bytes at address 0, and both get from the n-th
 * read of a port what ports_answer says.
 */
#ifndef WHVTRACE_TESTS_PORTS_H
#define WHVTRACE_TESTS_PORTS_H

#include <whvemu/emulator.h>

#include "oracle.h"

#define PORTS_MEMORY 0x40000u
#define PORTS_CODE   0x7000u /* where the instruction is */
#define PORTS_LOG    64u

/** An instruction and the state before it. */
struct ports_case {
    /** 16-bit code is that of real mode, 32-bit code has flat segments. */
    enum oracle_mode mode;
    /** Real mode. */
    uint16_t selector[6];
    /** Of FS and GS in 64-bit mode. */
    uint64_t base[6];
    uint8_t code_size;
    uint8_t code[ORACLE_CODE_MAX];
    uint64_t gpr[8];
    uint64_t rflags;
    /* The exit that the emulator is given. */
    /** Otherwise one to execute. */
    bool is_port_exit;
    bool is_out;
    bool is_string;
    bool has_rep;
    uint16_t port;
    uint8_t size;
};

struct ports_access {
    bool is_out;
    uint8_t size;
    uint16_t port;
    uint32_t value;
};

/** State after the instruction. */
struct ports_state {
    bool failed;
    uint64_t gpr[8];
    uint64_t rip;
    uint64_t rflags;
    /** Accesses, also those that found no room. */
    unsigned count;
    struct ports_access access[PORTS_LOG];
};

/** @return what the n-th access of an instruction reads from a port. */
uint32_t ports_answer(unsigned n, unsigned port, unsigned size);

/** Notes an access. */
void ports_note(struct ports_state *state, bool is_out, unsigned port, unsigned size,
                uint32_t value);

/** Unicorn in one mode, with its memory. */
struct ports_unicorn;

/** @return a machine whose memory is `memory`, which must outlive it; or NULL. */
struct ports_unicorn *ports_unicorn_create(enum oracle_mode mode, uint8_t *memory);
void ports_unicorn_destroy(struct ports_unicorn *machine);
void ports_unicorn_run(struct ports_unicorn *machine, const struct ports_case *the,
                       struct ports_state *state);

/** @return an emulator for ports_emulator_run, or NULL. */
WHV_EMULATOR_HANDLE ports_emulator_create(void);
void ports_emulator_run(WHV_EMULATOR_HANDLE emulator, const struct ports_case *the, uint8_t *memory,
                        struct ports_state *state);

#endif
