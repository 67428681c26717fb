/* SPDX-License-Identifier: MIT */
/**
 * @file host_float.h
 * The control of floating point that a caller has: it is the caller's in callbacks, and after a
 * call. Nothing is known of it on other machines than x86-64.
 */
#ifndef WHVTRACE_TESTS_HOST_FLOAT_H
#define WHVTRACE_TESTS_HOST_FLOAT_H

#include <stdbool.h>
#include <stdint.h>

/** MXCSR as no program has it: towards 0, flushing, everything masked, no flag. */
#define HOST_FLOAT_ODD 0xff80u

/** What a caller has. */
struct host_float {
    uint32_t mxcsr;
    /** Of the x87. */
    uint16_t control;
    uint16_t status;
};

#ifdef __x86_64__

static inline struct host_float host_float_now(void)
{
    struct host_float now;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1\n\tfnstsw %2"
                     : "=m"(now.mxcsr), "=m"(now.control), "=m"(now.status));
    return now;
}

static inline void host_float_set(uint32_t mxcsr)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

#else

static inline struct host_float host_float_now(void)
{
    return (struct host_float){.mxcsr = HOST_FLOAT_ODD};
}

static inline void host_float_set(uint32_t mxcsr)
{
    (void)mxcsr;
}

#endif

/** @return whether it is as it was. */
static inline bool host_float_is(const struct host_float *before)
{
    const struct host_float now = host_float_now();
    return now.mxcsr == before->mxcsr && now.control == before->control &&
           now.status == before->status;
}

#endif
