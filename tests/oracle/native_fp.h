/* SPDX-License-Identifier: MIT */
/**
 * @file native_fp.h
 * One floating-point instruction between registers, run by this machine's processor under any
 * MXCSR: what is not masked is a SIGFPE, which tells the state that the exception left.
 */
#ifndef WHVTRACE_TESTS_NATIVE_FP_H
#define WHVTRACE_TESTS_NATIVE_FP_H

#include <stdbool.h>
#include <stdint.h>

/** Before the instruction, and after it. */
struct native_fp {
    /** XMM0 and XMM1, the low half first. */
    uint64_t xmm[2][2];
    uint64_t rax;
    /** Is not written. */
    uint64_t rcx;
    uint64_t rflags;
    uint32_t mxcsr;
    /** #XM. */
    bool traps;
};

/** Before the first run. @return false if code cannot be run. */
bool native_fp_init(void);

/** Runs one that uses these registers alone. @param size 1 to 15 bytes. */
void native_fp_run(const uint8_t *code, unsigned size, struct native_fp *state);

#endif
