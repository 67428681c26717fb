/* SPDX-License-Identifier: MIT */
/**
 * @file run.h
 * Short forms for tests of one instruction: a guest of the test's own, a handle of its own.
 */
#ifndef WHVTRACE_TESTS_RUN_H
#define WHVTRACE_TESTS_RUN_H

#include <criterion/criterion.h>

#include "guest.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

/** The guest of the running test; Criterion gives each test a process of its own. */
static struct guest guest;

static inline struct guest_result run_exit(const struct guest_exit *exit)
{
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cr_assert_not_null(emulator);
    struct guest_result result = guest_run(&guest, emulator, exit);
    WHvEmulatorDestroyEmulator(emulator);
    cr_assert_eq(result.hr, S_OK);
    cr_assert_null(guest.broken, "%s", guest.broken);
    return result;
}

/** Runs one instruction on a memory exit. @return the status word. */
static inline uint32_t run_memory(enum guest_mode mode, WHV_MEMORY_ACCESS_TYPE access,
                                  uint64_t address, const uint8_t *code, size_t size)
{
    struct guest_exit exit = guest_memory_exit(&guest, mode, access, address, code, size);
    return run_exit(&exit).status;
}

/** @return the injected vector, or 0. */
static inline unsigned injected_vector(void)
{
    WHV_X64_PENDING_EXCEPTION_EVENT event =
        guest_reg(&guest, WHvRegisterPendingEvent)->ExceptionEvent;
    return event.EventPending ? event.Vector : 0;
}

static inline uint32_t injected_code(void)
{
    return guest_reg(&guest, WHvRegisterPendingEvent)->ExceptionEvent.ErrorCode;
}

static inline bool injected_has_code(void)
{
    return guest_reg(&guest, WHvRegisterPendingEvent)->ExceptionEvent.DeliverErrorCode;
}

static inline uint64_t injected_parameter(void)
{
    return guest_reg(&guest, WHvRegisterPendingEvent)->ExceptionEvent.ExceptionParameter;
}

/** @return how many callbacks of a kind the last call made. */
static inline size_t count_of(enum guest_callback kind)
{
    size_t count = 0;
    for (size_t i = 0; i < guest.log_count; i++)
        count += guest.log[i].kind == kind;
    return count;
}

/** @return the n-th callback of a kind, counted from 0. */
static inline const struct guest_event *event_of(enum guest_callback kind, size_t n)
{
    for (size_t i = 0; i < guest.log_count; i++) {
        if (guest.log[i].kind == kind && n-- == 0)
            return &guest.log[i];
    }
    cr_assert_fail("no such callback");
    return NULL;
}

#endif
