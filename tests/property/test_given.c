/* SPDX-License-Identifier: MIT */
/*
 * How many of the instruction's bytes come with the exit does not matter, nor what follows the
 * instruction: the calls differ by fetches alone, and what is fetched is what is missing.
 */
#include <string.h>

#include "property.h"

#define COUNT 12000u

static struct guest guest;
static struct random_case made;
static struct outcome all, some;

static void give(struct guest_exit *exit, unsigned count)
{
    exit->memory.InstructionByteCount = (UINT8)count;
    exit->io.InstructionByteCount = (UINT8)count;
}

static void overwrite_rest(struct guest_exit *exit, struct random *random)
{
    for (unsigned i = made.size; i < 16; i++)
        exit->memory.InstructionBytes[i] = exit->io.InstructionBytes[i] =
            (UINT8)random_next(random);
}

/* Fetches come first; they begin where the given bytes end, and without need there are none. */
static const char *judge_fetches(unsigned given, bool is_decoded)
{
    uint64_t expected = made.start + given;
    unsigned count = 0;
    for (size_t i = 0; i < some.event_count; i++) {
        const struct guest_event *event = &some.event[i];
        if (!outcome_is_fetch(&some, i, made.start) || event->kind != GUEST_MEMORY_ACCESS)
            continue;
        if (event->home != expected && given + count < made.size)
            return "a fetch of other bytes than the missing ones";
        expected += event->size;
        count += event->size;
    }
    if (is_decoded && given < made.size && given + count < made.size)
        return "less was fetched than the instruction has";
    return NULL;
}

static const char *try_given(WHV_EMULATOR_HANDLE emulator, unsigned given, char *text, size_t size)
{
    struct guest_exit exit;
    memcpy(&exit, &made.exit, sizeof(exit));
    give(&exit, given);
    outcome_run(&guest, emulator, &exit, &some);
    if (some.broken)
        return some.broken;
    if (!outcome_equal(&all, &some, OUTCOME_FETCHES, made.start, text, size))
        return text;
    bool is_simple_io = exit.is_io && !exit.io.AccessInfo.StringOp;
    return judge_fetches(given, !is_simple_io && all.result.status == 1);
}

static void try_case(struct property *property, uint64_t index, WHV_EMULATOR_HANDLE emulator)
{
    struct random random = random_of_index(property->seed ^ 3, index);
    char text[512];
    cases_make(&guest, property->seed, index, index, &made);
    outcome_run(&guest, emulator, &made.exit, &all);
    property_count(property, &all);
    for (unsigned given = 0; given <= 16; given++) {
        const char *broken = try_given(emulator, given, text, sizeof(text));
        if (!broken && given >= made.size) {
            overwrite_rest(&made.exit, &random);
            broken = try_given(emulator, given, text, sizeof(text));
        }
        if (broken) {
            property_fail(property, index, &made, broken);
            break;
        }
    }
    cases_clear(&guest, &made);
}

Test(given, bytes_or_missing_ones_make_no_difference)
{
    struct property property = property_begin("given", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++)
        try_case(&property, i, emulator);
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}
