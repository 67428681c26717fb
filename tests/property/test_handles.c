/* SPDX-License-Identifier: MIT */
/*
 * What a handle has seen before changes nothing: a handle that stays for the whole run does what a
 * fresh one does, callback by callback, and so does the same call again.
 */
#include "property.h"

#define COUNT  200000u
#define RECENT 512u /* instructions that come again and again, among new ones */

static struct guest guest;
static struct random_case made;
static struct outcome cold, warm;

/* @return which instruction the n-th case runs: half of them are old acquaintances. */
static uint64_t instruction_of(uint64_t seed, uint64_t index)
{
    struct random random = random_of_index(seed ^ 2, index);
    uint64_t fresh = random_next(&random) | RECENT;
    return random_once_in(&random, 2) ? random_below(&random, RECENT) : fresh;
}

Test(handles, one_for_all_calls_does_what_a_fresh_one_does)
{
    struct property property = property_begin("handles", COUNT);
    WHV_EMULATOR_HANDLE old = guest_create_emulator();
    char difference[512];
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++) {
        cases_make(&guest, property.seed, i, instruction_of(property.seed, i), &made);
        made.exit.memory.InstructionByteCount = made.given;
        made.exit.io.InstructionByteCount = made.given;
        WHV_EMULATOR_HANDLE fresh = guest_create_emulator();
        outcome_run(&guest, fresh, &made.exit, &cold);
        WHvEmulatorDestroyEmulator(fresh);
        outcome_run(&guest, old, &made.exit, &warm);
        cases_clear(&guest, &made);
        property_count(&property, &cold);
        if (!outcome_equal(&cold, &warm, 0, made.start, difference, sizeof(difference)))
            property_fail(&property, i, &made, difference);
        if (cold.broken || warm.broken)
            property_fail(&property, i, &made, cold.broken ? cold.broken : warm.broken);
    }
    WHvEmulatorDestroyEmulator(old);
    property_end(&property);
}
