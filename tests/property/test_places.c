/* SPDX-License-Identifier: MIT */
/*
 * Where guest-physical pages lie does not matter: with every page put elsewhere, and neighbours far
 * apart, the guest sees the same, and every access goes to the page that the translation named.
 */
#include "property.h"

#define COUNT 50000u

static struct guest guest;
static struct random_case made;
static struct outcome in_place, elsewhere;

Test(places, of_guest_physical_pages_do_not_matter)
{
    struct property property = property_begin("places", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    char difference[512];
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++) {
        struct random random = random_of_index(property.seed ^ 3, i);
        guest_spread(&guest, 1);
        cases_make(&guest, property.seed, i, i, &made);
        made.exit.memory.InstructionByteCount = made.given;
        made.exit.io.InstructionByteCount = made.given;
        outcome_run(&guest, emulator, &made.exit, &in_place);
        guest_spread(&guest, random_next(&random) | 1);
        cases_spread_exit(&guest, &made);
        outcome_run(&guest, emulator, &made.exit, &elsewhere);
        cases_clear(&guest, &made);
        property_count(&property, &in_place);
        if (!outcome_equal(&in_place, &elsewhere, OUTCOME_PLACES, made.start, difference,
                           sizeof(difference)))
            property_fail(&property, i, &made, difference);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}
