/* SPDX-License-Identifier: MIT */
/**
 * @file outcome.h
 * Everything that a call did, kept for comparison with another call's.
 */
#ifndef WHVTRACE_TESTS_OUTCOME_H
#define WHVTRACE_TESTS_OUTCOME_H

#include "cases.h"

#define OUTCOME_EVENTS 512u

struct outcome {
    struct guest_result result;
    /** A rule that the emulator broke, or NULL. */
    const char *broken;
    size_t event_count;
    struct guest_event event[OUTCOME_EVENTS];
    size_t reg_count;
    /** After the call. */
    struct guest_reg reg[GUEST_REGS_MAX];
    size_t get_count;
    /** What was asked for. */
    WHV_REGISTER_NAME get_name[GUEST_REGS_MAX];
    size_t set_count;
    /** What the last callback wrote. */
    WHV_REGISTER_NAME set_name[GUEST_REGS_MAX];
};

/** What a comparison leaves out. */
enum outcome_ignore {
    /** Translations and reads of code. */
    OUTCOME_FETCHES = 1,
    /** Guest-physical addresses; what lies there is compared. */
    OUTCOME_PLACES = 2,
    /** RFLAGS, and hashes of batches, which contain them. */
    OUTCOME_RFLAGS = 4,
    /** All translations. */
    OUTCOME_TRANSLATIONS = 8,
    /** Which registers are asked for. */
    OUTCOME_GETS = 16
};

/**
 * Has the emulator run an exit, keeps what it did, and puts registers and memory back.
 * @param keep registers and memory stay as the call left them.
 */
void outcome_run(struct guest *guest, WHV_EMULATOR_HANDLE emulator, const struct guest_exit *exit,
                 struct outcome *outcome);

/**
 * Compares two outcomes.
 * @param ignore mask of enum outcome_ignore.
 * @param start  linear address of the code: reads from there on are fetches.
 * @param text   receives the first difference, or "".
 * @return whether they are equal.
 */
bool outcome_equal(const struct outcome *a, const struct outcome *b, unsigned ignore,
                   uint64_t start, char *text, size_t size);

/** @return a register after the call. */
const WHV_REGISTER_VALUE *outcome_reg(const struct outcome *outcome, WHV_REGISTER_NAME name);

/** @return a reason with the register that it is about; it lives until the next call. */
const char *outcome_about(WHV_REGISTER_NAME name, const char *what);

/** @return whether Set named a register. */
bool outcome_has_set(const struct outcome *outcome, WHV_REGISTER_NAME name);

/** @return the vector of the exception that was injected, or -1. */
int outcome_vector(const struct outcome *outcome);

/** @return the number of callbacks of a kind. */
size_t outcome_count(const struct outcome *outcome, enum guest_callback kind);

/**
 * Tells fetches from data accesses.
 * @return whether an event reads or translates code. Fetches come first and without a gap.
 */
bool outcome_is_fetch(const struct outcome *outcome, size_t index, uint64_t start);

#endif
