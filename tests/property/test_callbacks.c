/* SPDX-License-Identifier: MIT */
/* What must hold whichever callback fails, and however often an instruction was seen. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scenarios.h"

static struct guest *new_guest(void)
{
    struct guest *guest = malloc(sizeof(*guest));
    cr_assert_not_null(guest);
    return guest;
}

/* Runs a scenario whose k-th callback fails. @return whether there was a k-th callback. */
static bool run_with_failure(const struct scenario *scenario, WHV_EMULATOR_HANDLE emulator,
                             unsigned k, HRESULT failure)
{
    struct guest *guest = new_guest();
    struct guest_exit exit = scenario_prepare(scenario, guest);
    guest->fail_at = k;
    guest->fail_hr = failure;
    struct guest_result result = guest_run(guest, emulator, &exit);
    cr_assert_eq(result.hr, S_OK, "%s, callback %u: hr %#x", scenario->name, k,
                 (unsigned)result.hr);
    cr_assert_null(guest->broken, "%s, callback %u: %s", scenario->name, k, guest->broken);
    bool was_called = guest->log_count >= k;
    if (was_called) {
        unsigned expected = 1u << guest->log[k - 1].kind;
        cr_assert_eq(result.status, expected, "%s, callback %u: status %#x, not %#x",
                     scenario->name, k, result.status, expected);
        cr_assert_eq(guest->log_count, k, "%s: %zu callbacks after number %u failed",
                     scenario->name, guest->log_count, k);
    } else {
        cr_assert_eq(result.status, 1, "%s: status %#x", scenario->name, result.status);
    }
    free(guest);
    return was_called;
}

Test(callbacks, each_failure_sets_its_bit_and_ends_the_call_without_a_write)
{
    static const HRESULT failures[] = {E_FAIL, S_FALSE, E_ABORT};
    for (size_t i = 0; i < scenario_count; i++) {
        for (size_t f = 0; f < sizeof(failures) / sizeof(failures[0]); f++) {
            /* The same handle all the time: the first call is cold, the others are warm. */
            WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
            unsigned k = 1;
            while (run_with_failure(&scenarios[i], emulator, k, failures[f]))
                k++;
            cr_assert_gt(k, 1, "%s made no callback", scenarios[i].name);
            WHvEmulatorDestroyEmulator(emulator);
        }
    }
}

static void expect_equal(const struct scenario *scenario, struct guest *cold, struct guest *warm)
{
    size_t skip = 0; /* a warm call fetches as a cold one does: the logs are equal */
    cr_assert_eq(cold->log_count, warm->log_count, "%s: %zu callbacks cold, %zu warm",
                 scenario->name, cold->log_count, warm->log_count);
    for (size_t i = skip; i < cold->log_count; i++)
        cr_assert_arr_eq(&cold->log[i].address, &warm->log[i].address, 2 * sizeof(uint64_t),
                         "%s: callback %zu differs", scenario->name, i + 1);
    cr_assert_eq(cold->reg_count, warm->reg_count);
    cr_assert_arr_eq(cold->memory, warm->memory, GUEST_MEMORY, "%s: memory", scenario->name);
    for (size_t i = 0; i < cold->reg_count; i++)
        cr_assert_arr_eq(&cold->regs[i].value, guest_reg(warm, cold->regs[i].name),
                         sizeof(WHV_REGISTER_VALUE), "%s: register %#x", scenario->name,
                         (unsigned)cold->regs[i].name);
}

Test(callbacks, a_warm_call_does_what_a_cold_call_does)
{
    WHV_EMULATOR_HANDLE old = guest_create_emulator();
    for (size_t i = 0; i < scenario_count; i++) {
        struct guest *cold = new_guest();
        struct guest *warm = new_guest();
        struct guest_exit exit = scenario_prepare(&scenarios[i], cold);
        WHV_EMULATOR_HANDLE fresh = guest_create_emulator();
        guest_run(cold, fresh, &exit);
        WHvEmulatorDestroyEmulator(fresh);
        for (unsigned turn = 0; turn < 3; turn++) {
            exit = scenario_prepare(&scenarios[i], warm);
            guest_run(warm, old, &exit);
            cr_assert_null(warm->broken, "%s: %s", scenarios[i].name, warm->broken);
            expect_equal(&scenarios[i], cold, warm);
        }
        free(cold);
        free(warm);
    }
    WHvEmulatorDestroyEmulator(old);
}
