/* SPDX-License-Identifier: MIT */
/**
 * @file probe.h
 * Runs an encoding in the emulator, in a guest that has memory everywhere, every port and every
 * permission, and tells what the emulator asked for and what it changed.
 */
#ifndef WHVTRACE_TESTS_PROBE_H
#define WHVTRACE_TESTS_PROBE_H

#include <whvemu/emulator.h>

#include "opcodes.h"

/** What every byte of memory holds: a selector that can be loaded, and a divisor that fits. */
#define PROBE_BYTE 0x5b

/** Sets of registers: 0 to 15 general, 16 to 21 segments, 32 to 47 XMM, and: */
#define PROBE_SEGMENTS 16u
#define PROBE_RIP      22u
#define PROBE_RFLAGS   23u
#define PROBE_GDTR     24u
#define PROBE_LDTR     25u
#define PROBE_SHADOW   26u /* InterruptState */
#define PROBE_EVENT    27u /* PendingEvent, PendingInterruption */
#define PROBE_CR0      28u
#define PROBE_CR4      29u
#define PROBE_XCR0     30u
#define PROBE_OTHER    31u
#define PROBE_XMM      32u
#define PROBE_BIT(reg) (UINT64_C(1) << (reg))

struct probe {
    HRESULT hr;
    uint32_t status;
    bool has_event;
    /** Of the exception. */
    uint8_t vector;
    /** Registers. */
    uint64_t got;
    uint64_t set;
    /** After it, if in `set`. */
    uint64_t rflags;
    /** After it. */
    uint64_t rcx;
    /** Likewise. */
    uint64_t rip;
    /** Of memory, descriptors not counted. */
    unsigned bytes_read;
    /** Likewise. */
    unsigned bytes_written;
    unsigned port_bytes_in;
    unsigned port_bytes_out;
    unsigned callbacks;
};

/** What rCX holds before: little, so that repetitions end soon. */
#define PROBE_RCX UINT64_C(2)

/** What RFLAGS has at least: IOPL 3. */
#define PROBE_RFLAGS_BASE 0x3002u
/** Where the encoding is. */
#define PROBE_RIP_AT UINT64_C(0x800)

/** @return the emulator that probes use, or NULL. */
WHV_EMULATOR_HANDLE probe_create(void);

/** Writes the names of a set of registers. @return text. */
const char *probe_names(uint64_t set, char *text, size_t size);

/**
 * Runs an encoding.
 * @param rflags bits that RFLAGS has besides those that the guest needs.
 */
struct probe probe_run(WHV_EMULATOR_HANDLE emulator, const struct opcode *opcode, uint64_t rflags);

#endif
