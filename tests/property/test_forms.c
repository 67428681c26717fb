/* SPDX-License-Identifier: MIT */
/*
 * Both forms of the API do the same, callback by callback; and so do protected mode and
 * compatibility mode, between which only the width of table bases differs.
 */
#include "property.h"

#define COUNT 40000u

static struct guest guest;
static struct random_case made;
static struct outcome one, other;

static void compare(struct property *property, uint64_t index)
{
    char difference[512];
    property_count(property, &one);
    if (one.broken || other.broken)
        property_fail(property, index, &made, one.broken ? one.broken : other.broken);
    else if (!outcome_equal(&one, &other, 0, made.start, difference, sizeof(difference)))
        property_fail(property, index, &made, difference);
}

Test(forms, of_the_api_do_the_same)
{
    struct property property = property_begin("forms of the API", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++) {
        cases_make(&guest, property.seed, i, i, &made);
        made.exit.memory.InstructionByteCount = made.given;
        made.exit.io.InstructionByteCount = made.given;
        guest.uses_preview = false;
        outcome_run(&guest, emulator, &made.exit, &one);
        guest.uses_preview = true;
        outcome_run(&guest, emulator, &made.exit, &other);
        cases_clear(&guest, &made);
        compare(&property, i);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}

Test(forms, of_protected_mode_do_the_same)
{
    struct property property = property_begin("forms of protected mode", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++) {
        cases_make_in(&guest, property.seed, i, i, i % 2 ? GUEST_PROT32 : GUEST_PROT16, &made);
        outcome_run(&guest, emulator, &made.exit, &one);
        made.exit.vp.ExecutionState.EferLma = 1;
        outcome_run(&guest, emulator, &made.exit, &other);
        cases_clear(&guest, &made);
        compare(&property, i);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}
