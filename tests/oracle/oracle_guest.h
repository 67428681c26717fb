/* SPDX-License-Identifier: MIT */
/**
 * @file oracle_guest.h
 * The emulator in the oracle's place: the same input, behind the callbacks of the public API, gives
 * the same kind of output, so that the two can be compared field by field.
 *
 * Blocks are guest memory at other guest-physical addresses; a page is translated as the operating
 * system's page tables have it: not present outside the blocks and in blocks of ORACLE_NONE, a
 * privilege violation for a write to a read-only one.
 */
#ifndef WHVTRACE_TESTS_ORACLE_GUEST_H
#define WHVTRACE_TESTS_ORACLE_GUEST_H

#include <whvemu/emulator.h>

#include "oracle.h"

/**
 * The mode that the emulator is told: for 16- and 32-bit code, whatever does not load segments and
 * needs no privilege does the same in all of them, except that in real mode nothing is ever
 * misaligned and faults have no error code.
 */
enum oracle_context {
    /** 64-bit or compatibility mode: what the processor is in. */
    ORACLE_LONG,
    /** Protected mode without long mode. */
    ORACLE_LEGACY,
    /** With the segments' limits as they are: also "unreal" mode. */
    ORACLE_REAL,
    ORACLE_VM86
};

/** What the exit context says besides what follows from the input. */
struct oracle_exit {
    WHV_MEMORY_ACCESS_TYPE access;
    /** gva is the linear address of the access, translated to its Gpa. */
    bool gva_valid;
    uint64_t gva;
    /** Of the 16 instruction bytes in the context; they are fetched. */
    uint8_t bytes_missing;
};

/** What the emulator answered, and a rule that it broke towards a callback, or NULL. */
struct oracle_answer {
    HRESULT hr;
    uint32_t status;
    const char *broken;
};

/** @return an emulator for oracle_guest_run, or NULL; release with WHvEmulatorDestroyEmulator. */
WHV_EMULATOR_HANDLE oracle_guest_create(void);

/**
 * Has the emulator run an instruction.
 * @param out as oracle_run leaves it, signal excepted, which stays 0; meaningful if the answer is
 * S_OK and EmulationSuccessful.
 */
struct oracle_answer oracle_guest_run(WHV_EMULATOR_HANDLE emulator, const struct oracle_in *in,
                                      const struct oracle_exit *exit, struct oracle_out *out);

/** As oracle_guest_run, in another mode than the processor's. */
struct oracle_answer oracle_guest_run_in(WHV_EMULATOR_HANDLE emulator, enum oracle_context context,
                                         const struct oracle_in *in, const struct oracle_exit *exit,
                                         struct oracle_out *out);

/** @return whether an address lies in the descriptor table of Linux, of which no more is known than
 * where its end is. */
bool oracle_guest_is_gdt(uint64_t linear);

/**
 * Compares all but the signals.
 * @param text receives what differs, one line for each, or "".
 * @return whether they are equal.
 */
bool oracle_compare(const struct oracle_in *in, const struct oracle_out *processor,
                    const struct oracle_out *emulator, char *text, size_t size);

/** Writes an input as text: mode, bytes, registers, segments. */
void oracle_describe(const struct oracle_in *in, char *text, size_t size);

#endif
