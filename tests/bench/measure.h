/* SPDX-License-Identifier: MIT */
/**
 * @file measure.h
 * Counting instructions retired. Outside of callgrind the requests do nothing.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdio.h>

#include <valgrind/callgrind.h>

#include "scenario.h"

/**
 * Makes callgrind write two profiles, of N and of 2N iterations, under the names `N NAME` and
 * `2N NAME`. Their difference divided by N is the cost of one, free of what starting and ending a
 * loop costs.
 * @param repeat makes so many calls, of one iteration each or, BENCH_REP, of BENCH_ELEMENTS.
 */
static inline void bench_measure(const struct bench_scenario *scenario,
                                 void (*repeat)(void *state, unsigned long calls), void *state)
{
    const unsigned long calls = scenario->traits & BENCH_REP ? 2 : 500;
    char label[128];
    repeat(state, 2);
    for (unsigned long times = calls; times <= 2 * calls; times += calls) {
        snprintf(label, sizeof(label), "%lu %s", times * bench_elements(scenario), scenario->name);
        CALLGRIND_ZERO_STATS;
        repeat(state, times);
        CALLGRIND_DUMP_STATS_AT(label);
    }
}

#endif
