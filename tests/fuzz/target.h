/* SPDX-License-Identifier: MIT */
/**
 * @file target.h
 * What a fuzz target gives to its main: libFuzzer's, or that of standalone.c.
 */
#ifndef WHVTRACE_TESTS_FUZZ_TARGET_H
#define WHVTRACE_TESTS_FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Runs one input. A finding is printed and ends the process by abort(). @return 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Makes a new input in place. @return its size, at most max_size. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/** Changes bytes without knowing what they mean; whoever provides main provides it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/** Takes a seed, or a word for the dictionary. */
typedef void fuzz_take(void *user, const uint8_t *bytes, size_t size);

struct fuzz_target {
    const char *name;
    size_t input_max;
    void (*each_seed)(fuzz_take *take, void *user);
    void (*each_word)(fuzz_take *take, void *user);
    /** Prints what the inputs so far have reached. @return whether that is all that a run of some
     * thousand inputs should reach: one that avoids what is difficult proves nothing. */
    bool (*has_reached_all)(void);
};

/** The target that is linked. */
extern const struct fuzz_target fuzz_target;

/** Prints a finding and aborts. */
__attribute__((noreturn, format(printf, 1, 2))) void fuzz_fail(const char *format, ...);

/** Mutates a part of an input whose place and size are fixed. */
void fuzz_mutate_field(uint8_t *field, size_t size);

#endif
