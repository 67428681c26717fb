/* SPDX-License-Identifier: MIT */
/*
 * Status flags that an instruction does not read do not matter: whether all of them are set before
 * or none is, the same happens. Those that it writes come out equal, those that it does not write
 * as they went in.
 */
#include "property.h"

#define COUNT 60000u

static struct guest guest;
static struct random_case made;
static struct outcome clear, set;

static void run_with(uint64_t rflags, WHV_EMULATOR_HANDLE emulator, struct outcome *outcome)
{
    guest_set64(&guest, WHvX64RegisterRflags, rflags);
    made.exit.vp.Rflags = rflags;
    outcome_run(&guest, emulator, &made.exit, outcome);
}

static const char *judge_flags(uint64_t before_clear, uint64_t before_set)
{
    const struct model *model = &made.model;
    uint64_t after_clear = outcome_reg(&clear, WHvX64RegisterRflags)->Reg64;
    uint64_t after_set = outcome_reg(&set, WHvX64RegisterRflags)->Reg64;
    uint64_t undefined = model_flags_undefined(model);
    uint64_t written = model_flags_written(model) & ~undefined;
    bool is_kept = ((after_clear ^ before_clear) & MODEL_STATUS_FLAGS) == 0 &&
                   ((after_set ^ before_set) & MODEL_STATUS_FLAGS) == 0;
    bool is_done = clear.result.status == 1 && (outcome_vector(&clear) < 0 || model_repeats(model));
    if (!is_done)
        written = undefined = 0; /* a fault leaves all as it was */
    if (((after_clear ^ before_clear) | (after_set ^ before_set)) & MODEL_STATUS_FLAGS &
        ~(written | undefined))
        return "a flag is changed that the instruction does not write";
    if (((after_clear ^ after_set) & written) != 0 && !(is_kept && model_may_keep_flags(model)))
        return "a flag that is written depends on what it was";
    if (((after_clear ^ after_set) & ~MODEL_STATUS_FLAGS) != 0)
        return "another flag depends on the status flags";
    return NULL;
}

static void try_case(struct property *property, uint64_t index, WHV_EMULATOR_HANDLE emulator)
{
    char difference[512];
    cases_make(&guest, property->seed, index, index, &made);
    uint64_t rflags = made.exit.vp.Rflags;
    uint64_t unread = MODEL_STATUS_FLAGS & ~model_flags_read(&made.model);
    run_with(rflags & ~unread, emulator, &clear);
    run_with(rflags | unread, emulator, &set);
    cases_clear(&guest, &made);
    property_count(property, &clear);
    if (!outcome_equal(&clear, &set, OUTCOME_RFLAGS, made.start, difference, sizeof(difference))) {
        property_fail(property, index, &made, difference);
        return;
    }
    const char *broken = judge_flags(rflags & ~unread, rflags | unread);
    if (broken)
        property_fail(property, index, &made, broken);
}

Test(flags, those_that_are_not_read_do_not_matter)
{
    struct property property = property_begin("flags", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++)
        try_case(&property, i, emulator);
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}
