/* SPDX-License-Identifier: MIT */
/**
 * @file emulator_guest.h
 * The callbacks of a guest that is nothing but bytes: each draws what it answers, and whether it
 * fails, from the answers of an input, and is logged.
 *
 * A callback takes one byte. Below f0 it returns S_OK and answers as its low bits say; from f0 on
 * it fails with one of 16 results. When no byte is left it fails, which ends every call. Answers,
 * by the low bits:
 *
 *     Memory     0-2  read: 0 by address, 1 zeros, 2 ones, 3 the next bytes, 4 and 5 descriptors of
 *                     data and code, 6 the next byte and zeros, 7 the instruction
 *     IoPort     0-1  IN: 0 by port, 1 zeros, 2 ones, 3 the next bytes
 *     Translate  0-3  0 the identity; 1-8 that result code; 9 a code in the next byte; 10 an
 *                     unaligned page, 11 the page number in the next three bytes, 12 the page
 *                     moved by the next byte, 13 nothing is answered, 14 no page is, 15 the last
 *                     page of the address space
 *     Get        -    one byte for each register: fuzz_draw()
 *     Set        -    nothing
 *
 * What an emulator must not look at (bytes of Data above the size, upper halves of 64-bit
 * registers, whatever a failing callback leaves behind) is filled with poison.
 */
#ifndef WHVTRACE_TESTS_FUZZ_EMULATOR_GUEST_H
#define WHVTRACE_TESTS_FUZZ_EMULATOR_GUEST_H

#include "emulator_input.h"
#include "stream.h"

#define FUZZ_EVENTS    (FUZZ_ANSWERS_MAX + 4)
#define FUZZ_REGISTERS (FUZZ_ANSWERS_MAX + 256)

struct fuzz_guest {
    const struct fuzz_input *input;
    struct fuzz_stream stream;
    uint8_t poison;
    /** What every callback must be handed. */
    void *context;

    struct rules_event events[FUZZ_EVENTS];
    struct rules_register registers[FUZZ_REGISTERS];
    size_t register_count;
    /** The log: of the call that has just ended. */
    struct rules_call call;
    /** The emulator changed an argument that is const. */
    bool has_touched_input;
};

/** The callbacks; their guest is the one that was activated last. */
extern const WHV_EMULATOR_CALLBACKS fuzz_callbacks;
void fuzz_guest_activate(struct fuzz_guest *guest);

/** @return a handle for fuzz_guest_run, made by either form of the API; NULL without memory. */
WHV_EMULATOR_HANDLE fuzz_guest_create(bool is_preview);

/**
 * Has the emulator handle an input.
 * @param is_preview which form of the API is called, whatever the input says.
 */
void fuzz_guest_run(struct fuzz_guest *guest, WHV_EMULATOR_HANDLE emulator,
                    const struct fuzz_input *input, bool is_preview, uint8_t poison);

/**
 * @return whether two calls made the same callbacks and ended alike; at: the first that differs.
 */
bool fuzz_is_same(const struct rules_call *a, const struct rules_call *b, size_t *at);

/** has_reached_all of struct fuzz_target. */
bool fuzz_emulator_has_reached_all(void);

#endif
