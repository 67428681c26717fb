/* SPDX-License-Identifier: MIT */
/**
 * @file rules_parts.h
 * Inside the rules: each function judges one aspect and returns the first rule that is broken.
 */
#ifndef WHVTRACE_TESTS_FUZZ_RULES_PARTS_H
#define WHVTRACE_TESTS_FUZZ_RULES_PARTS_H

#include "rules.h"

#define RULES_PAGE 0x1000u

/** Ends the calling function with the rule that a step found broken. */
#define RULES_TRY(step)                                                                            \
    do {                                                                                           \
        enum rules_rule rules_try_ = (step);                                                       \
        if (rules_try_ != RULES_HOLD)                                                              \
            return rules_try_;                                                                     \
    } while (0)

/** Callback number `at`, in the light of those before it. */
enum rules_rule rules_check_event(const struct rules_exit *exit, const struct rules_call *call,
                                  size_t at);

/** Result and status, against the exit and the answers. */
enum rules_rule rules_check_status(const struct rules_exit *exit, const struct rules_call *call);

/** What the Set of a call without a fault writes. */
enum rules_rule rules_check_retirement(const struct rules_exit *exit, const struct rules_call *call,
                                       const struct rules_event *set);

/** What the Set of a call with a fault writes, and what came before. */
enum rules_rule rules_check_fault(const struct rules_exit *exit, const struct rules_call *call,
                                  const struct rules_event *set);

/**
 * @return whether an access can only be one of data: its page was translated neither for fetching
 * nor as a part of the system's tables.
 */
bool rules_is_data(const struct rules_exit *exit, const struct rules_call *call, size_t at);

/** @return whether a translation has found a page: it succeeded, or the page is a device's or
 * protected. */
bool rules_is_walked(const struct rules_event *event);

/** @return where the page of a translation that found one lies; RULES_NO_PAGE if nobody told. */
uint64_t rules_page(const struct rules_exit *exit, const struct rules_event *event);

/** @return the register in a batch, or NULL. */
const struct rules_register *rules_find(const struct rules_event *event, WHV_REGISTER_NAME name);

/** @return what a Get answered for a register, or NULL if none asked. */
const WHV_REGISTER_VALUE *rules_answer(const struct rules_call *call, WHV_REGISTER_NAME name);

/** @return whether a register is 64 bits wide. */
bool rules_is_64bit(WHV_REGISTER_NAME name);

#endif
