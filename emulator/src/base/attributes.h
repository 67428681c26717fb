/* SPDX-License-Identifier: MIT */
/**
 * @file attributes.h
 * What a compiler is told of the path that nearly every call takes, so that it costs few
 * instructions: `./dev bench` counts them.
 */
#ifndef WHE_ATTRIBUTES_H
#define WHE_ATTRIBUTES_H

/** A step of that path: part of its caller's code, however many callers there are. */
#define WHE_HOT static inline __attribute__((always_inline))
/** Off that path: whoever calls it needs neither its registers nor its stack frame. */
#define WHE_COLD __attribute__((noinline, cold))

/** Another path: likewise, but no rare one. */
#define WHE_APART __attribute__((noinline))
/** A condition that nearly always holds. */
#define WHE_LIKELY(condition) __builtin_expect((condition), 1)

#endif
