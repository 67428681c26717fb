/* SPDX-License-Identifier: MIT */
/**
 * @file cases.h
 * Random instructions with random surroundings: every row of the table in every mode, with operands
 * at places where something can go wrong, and an exit that they could have caused.
 *
 * Guest memory holds code from 0x1000, descriptors from 0x6000, a TSS and data above; all of it
 * random; the pages CASES_MISSING and CASES_READ_ONLY cannot be reached, CASES_DEVICE answers as a
 * page that is not mapped does.
 */
#ifndef WHVTRACE_TESTS_CASES_H
#define WHVTRACE_TESTS_CASES_H

#include "encodings.h"

#define CASES_TSS      0x7000u
#define CASES_TSS_SIZE 0x2100u

/** Not present. */
#define CASES_MISSING   0x1d000u
#define CASES_READ_ONLY 0x1e000u
/** GpaUnmapped: no fault. */
#define CASES_DEVICE 0x1f000u

#define CASES_MODES 7u

struct random_case {
    enum guest_mode mode;
    struct model model;
    /** The instruction and what follows it. */
    uint8_t code[16];
    /** Of the instruction. */
    uint8_t size;
    /** Linear address of the code. */
    uint64_t start;
    size_t accesses;
    struct model_access access[MODEL_ACCESSES];
    /** All 16 bytes are given. */
    struct guest_exit exit;
    /** What a test may want to give instead: 0 to 16. */
    uint8_t given;
};

/** @return the accesses that an instruction can make, as 1 for a read and 2 for a write. */
unsigned cases_accesses(const struct random_case *made);

/** @return whether the exit is one of a memory access that the instruction cannot make. */
bool cases_is_swapped(const struct random_case *made);

/**
 * @return whether an exit tells the address of the instruction's operand: its only data access is
 * one explicit operand, the access is of the operand's kind (a write serves a read-modify-write),
 * inside one page, and not at the page's beginning unless it is a byte; aligned as it must be.
 */
bool cases_is_told(const struct random_case *made, const struct guest_exit *exit);

/** @return whether Gva and Gpa of the exit disagree: the page walk may have been stopped. */
bool cases_disagrees(const struct random_case *made);

/** Prepares a guest for all cases of a run. */
void cases_init(struct guest *guest, uint64_t seed);

/**
 * Makes the n-th case of a run: sets the guest's registers and writes the code.
 * @param instruction which instruction it is: equal numbers give equal bytes in equal modes at
 * equal places, whatever the index.
 */
void cases_make(struct guest *guest, uint64_t seed, uint64_t index, uint64_t instruction,
                struct random_case *made);

/** As cases_make, in a mode of the caller's choice. */
void cases_make_in(struct guest *guest, uint64_t seed, uint64_t index, uint64_t instruction,
                   enum guest_mode mode, struct random_case *made);

/** Takes the code of a case away again, after the writes of its calls were undone. */
void cases_clear(struct guest *guest, const struct random_case *made);

/** Makes the exit's guest-physical address what guest_spread has made of it. */
void cases_spread_exit(const struct guest *guest, struct random_case *made);

/** Writes a case as text. */
void cases_describe(const struct random_case *made, char *text, size_t size);

#endif
