/* SPDX-License-Identifier: MIT */
/**
 * @file criterion.h
 * As much of Criterion's interface as the tests here use, for systems that have no Criterion: every
 * test runs in the program itself, one after the other. Prints what failed and a closing line.
 */
#ifndef WHVTRACE_TESTS_PLAIN_CRITERION_H
#define WHVTRACE_TESTS_PLAIN_CRITERION_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plain_test {
    const char *name;
    void (*run)(void);
    struct plain_test *next;
};

/** Enters a test; they run in the order of their source. */
void plain_test_add(struct plain_test *test);

/** Notes a failure; a fatal one ends the test. */
void plain_check(bool fatal, bool holds, const char *file, int line, const char *what,
                 const char *format, ...);

/* Every macro passes one argument more than it is given, so that what follows is never empty. */
#define Test(...) PLAIN_TEST(__VA_ARGS__, 0)
#define PLAIN_TEST(suite, name, ...)                                                               \
    static void plain_##suite##_##name(void);                                                      \
    static struct plain_test plain_entry_##suite##_##name = {#suite "::" #name,                    \
                                                             plain_##suite##_##name, NULL};        \
    __attribute__((constructor)) static void plain_add_##suite##_##name(void)                      \
    {                                                                                              \
        plain_test_add(&plain_entry_##suite##_##name);                                             \
    }                                                                                              \
    static void plain_##suite##_##name(void)

#define PLAIN_CHECK(fatal, holds, what, ...)                                                       \
    plain_check(fatal, holds, __FILE__, __LINE__, what, __VA_ARGS__)
#define PLAIN_TRUE(fatal, a, ...)  PLAIN_CHECK(fatal, (a), #a, __VA_ARGS__)
#define PLAIN_FALSE(fatal, a, ...) PLAIN_CHECK(fatal, !(a), "not " #a, __VA_ARGS__)
#define PLAIN_NULL(fatal, a, ...)  PLAIN_CHECK(fatal, (a) == NULL, #a " is NULL", __VA_ARGS__)
#define PLAIN_NOT_NULL(fatal, a, ...)                                                              \
    PLAIN_CHECK(fatal, (a) != NULL, #a " is not NULL", __VA_ARGS__)
#define PLAIN_EMPTY(fatal, a, ...) PLAIN_CHECK(fatal, *(a) == 0, #a " is empty", __VA_ARGS__)
#define PLAIN_COMPARE(fatal, op, a, b, ...)                                                        \
    PLAIN_CHECK(fatal, (a)op(b), #a " " #op " " #b, __VA_ARGS__)
#define PLAIN_BYTES(fatal, a, b, size, ...)                                                        \
    PLAIN_CHECK(fatal, memcmp((a), (b), (size)) == 0, #a " == " #b, __VA_ARGS__)
#define PLAIN_STRING(fatal, a, b, ...)                                                             \
    PLAIN_CHECK(fatal, strcmp((a), (b)) == 0, #a " == " #b, __VA_ARGS__)

#define cr_assert(...)           PLAIN_TRUE(true, __VA_ARGS__, "")
#define cr_assert_not(...)       PLAIN_FALSE(true, __VA_ARGS__, "")
#define cr_assert_null(...)      PLAIN_NULL(true, __VA_ARGS__, "")
#define cr_assert_not_null(...)  PLAIN_NOT_NULL(true, __VA_ARGS__, "")
#define cr_assert_str_empty(...) PLAIN_EMPTY(true, __VA_ARGS__, "")
#define cr_assert_arr_eq(...)    PLAIN_BYTES(true, __VA_ARGS__, "")
#define cr_assert_str_eq(...)    PLAIN_STRING(true, __VA_ARGS__, "")
#define cr_assert_eq(...)        PLAIN_COMPARE(true, ==, __VA_ARGS__, "")
#define cr_assert_neq(...)       PLAIN_COMPARE(true, !=, __VA_ARGS__, "")
#define cr_assert_gt(...)        PLAIN_COMPARE(true, >, __VA_ARGS__, "")
#define cr_assert_geq(...)       PLAIN_COMPARE(true, >=, __VA_ARGS__, "")
#define cr_assert_lt(...)        PLAIN_COMPARE(true, <, __VA_ARGS__, "")
#define cr_assert_leq(...)       PLAIN_COMPARE(true, <=, __VA_ARGS__, "")
#define cr_expect(...)           PLAIN_TRUE(false, __VA_ARGS__, "")
#define cr_expect_not(...)       PLAIN_FALSE(false, __VA_ARGS__, "")
#define cr_expect_null(...)      PLAIN_NULL(false, __VA_ARGS__, "")
#define cr_expect_not_null(...)  PLAIN_NOT_NULL(false, __VA_ARGS__, "")
#define cr_expect_str_empty(...) PLAIN_EMPTY(false, __VA_ARGS__, "")
#define cr_expect_arr_eq(...)    PLAIN_BYTES(false, __VA_ARGS__, "")
#define cr_expect_str_eq(...)    PLAIN_STRING(false, __VA_ARGS__, "")
#define cr_expect_eq(...)        PLAIN_COMPARE(false, ==, __VA_ARGS__, "")
#define cr_expect_neq(...)       PLAIN_COMPARE(false, !=, __VA_ARGS__, "")
#define cr_expect_gt(...)        PLAIN_COMPARE(false, >, __VA_ARGS__, "")
#define cr_expect_geq(...)       PLAIN_COMPARE(false, >=, __VA_ARGS__, "")
#define cr_expect_lt(...)        PLAIN_COMPARE(false, <, __VA_ARGS__, "")
#define cr_expect_leq(...)       PLAIN_COMPARE(false, <=, __VA_ARGS__, "")
#define cr_assert_fail(...)      PLAIN_TRUE(true, false, __VA_ARGS__, "")
#define cr_expect_fail(...)      PLAIN_TRUE(false, false, __VA_ARGS__, "")
#define cr_fail(...)             PLAIN_TRUE(false, false, __VA_ARGS__, "")

#define cr_log_info(...)  plain_log(__VA_ARGS__, "")
#define cr_skip_test(...) plain_skip(__VA_ARGS__, "")

/** Prints a line. */
void plain_log(const char *format, ...);

/** Ends the test without judging it. */
void plain_skip(const char *format, ...);

#endif
