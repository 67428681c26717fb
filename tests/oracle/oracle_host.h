/* SPDX-License-Identifier: MIT */
/**
 * @file oracle_host.h
 * Inside the oracle: the arena, the descriptors, and the way into the instruction and back.
 */
#ifndef WHVTRACE_TESTS_ORACLE_HOST_H
#define WHVTRACE_TESTS_ORACLE_HOST_H

#include "oracle.h"

#define ORACLE_USER64 0x33u /* Linux's selectors */
#define ORACLE_USER32 0x23u
#define ORACLE_USERDS 0x2bu

/** What oracle_enter loads; oracle_enter.S knows the address and the offsets. */
struct oracle_entry {
    uint64_t gpr[16];
    uint64_t rip; /* from here on what IRETQ pops */
    uint64_t cs;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
    uint64_t fs_base; /* after the selectors, if use_bases */
    uint64_t gs_base;
    uint64_t use_bases;
    uint16_t ds;
    uint16_t es;
    uint16_t fs;
    uint16_t gs;
    uint64_t reserved;
    struct oracle_fx fx; /* from here on what FXRSTOR64 loads */
    struct oracle_xmm xmm[16];
    uint8_t unused[96];
};

_Static_assert(offsetof(struct oracle_entry, fx) == 208 && sizeof(struct oracle_entry) == 208 + 512,
               "oracle_enter.S knows");

/**
 * Where it is. IRETQ to a stack segment with B clear writes SP alone: the upper half of ESP is then
 * that of the place from which IRETQ pops, so this is at a known address.
 */
#define ORACLE_ENTRY (ORACLE_SMALL_ESP + 0x4000)

static inline struct oracle_entry *oracle_entry(void)
{
    return (struct oracle_entry *)(uintptr_t)ORACLE_ENTRY;
}

/** The signal that ended the last oracle_enter, and DS, ES, FS and GS at that time. */
extern int oracle_signal;
extern uint16_t oracle_selectors[4];

/** Leaves for the state at ORACLE_ENTRY. @return the ucontext_t of the signal that ended it. */
void *oracle_enter(void);

/** Makes the arena, the code pages and the signal handlers. @return whether all are there. */
bool oracle_host_init(void);

/** Fills the arena with the blocks of `in` and sets permissions. @return false for a bad block. */
bool oracle_arena_set(const struct oracle_in *in);

/** Copies the blocks' contents out. @return how many bytes. */
size_t oracle_arena_get(const struct oracle_in *in, uint8_t *memory);

/** Puts an instruction at ORACLE_RIP, followed by INT3. */
void oracle_code_set(const uint8_t *code, size_t size);

/** @return whether an address lies where instructions run. */
bool oracle_code_has(uint64_t address);

/** @return the selector of the 16-bit code segment, or 0. */
uint16_t oracle_ldt_code16(void);

#endif
