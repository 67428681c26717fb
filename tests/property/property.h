/* SPDX-License-Identifier: MIT */
/**
 * @file property.h
 * What the property tests share: how many cases, from which seed, and how a failure is repeated.
 *
 * PROPERTY_COUNT  how many cases each test tries, instead of its own number
 * PROPERTY_SEED   repeats a run
 * PROPERTY_INDEX  runs this one case of it alone
 */
#ifndef WHVTRACE_TESTS_PROPERTY_H
#define WHVTRACE_TESTS_PROPERTY_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "outcome.h"

#define PROPERTY_FAILURES 5u

struct property {
    const char *name;
    uint64_t seed;
    uint64_t first;
    uint64_t end;
    unsigned failures;
    /** Cases that moved the guest on. */
    uint64_t completed;
    /** Cases in which the guest was given a fault. */
    uint64_t faulted;
};

/** Starts a run of `count` cases. */
static inline struct property property_begin(const char *name, uint64_t count)
{
    struct property property = {.name = name,
                                .seed = random_setting("PROPERTY_SEED", random_seed())};
    property.end = random_setting("PROPERTY_COUNT", count);
    uint64_t only = random_setting("PROPERTY_INDEX", UINT64_MAX);
    if (only != UINT64_MAX) {
        property.first = only;
        property.end = only + 1;
    }
    return property;
}

/** Counts what became of a case. */
static inline void property_count(struct property *property, const struct outcome *outcome)
{
    if (outcome->result.status != 1)
        return;
    if (outcome_vector(outcome) >= 0)
        property->faulted++;
    else
        property->completed++;
}

/** Reports a case that broke the property; the first few are printed. */
static inline void property_fail(struct property *property, uint64_t index,
                                 const struct random_case *made, const char *what)
{
    char text[512];
    if (++property->failures > PROPERTY_FAILURES)
        return;
    cases_describe(made, text, sizeof(text));
    cr_expect_fail("PROPERTY_SEED=%llu PROPERTY_INDEX=%llu (%s)\n  %s\n  %s",
                   (unsigned long long)property->seed, (unsigned long long)index, property->name,
                   text, what);
}

/** Ends a run: tells what it tried, and that a generator that avoids what is difficult fails. */
static inline void property_end(const struct property *property)
{
    uint64_t count = property->end - property->first;
    fprintf(stderr, "%s: seed %llu, %llu cases: %llu complete, %llu fault; %u fail\n",
            property->name, (unsigned long long)property->seed, (unsigned long long)count,
            (unsigned long long)property->completed, (unsigned long long)property->faulted,
            property->failures);
    cr_expect_eq(property->failures, 0u, "%u cases fail", property->failures);
    if (count < 1000)
        return;
    cr_expect_gt(property->completed, count / 3);
    cr_expect_gt(property->faulted, count / 50);
}

#endif
