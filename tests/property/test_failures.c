/* SPDX-License-Identifier: MIT */
/*
 * Whichever callback does not return S_OK: its bit is set, nothing comes after it, and no register
 * is written. What came before it is what a call without the failure does.
 */
#include "property.h"

#define COUNT 15000u

static struct guest guest;
static struct random_case made;
static struct outcome whole, cut;

static bool has_same_beginning(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct guest_event *a = &whole.event[i];
        const struct guest_event *b = &cut.event[i];
        if (a->kind != b->kind || a->address != b->address || a->size != b->size ||
            a->data != b->data)
            return false;
    }
    return true;
}

static bool has_changed_registers(void)
{
    for (size_t i = 0; i < cut.reg_count; i++) {
        const WHV_UINT128 *before = &guest_reg(&guest, cut.reg[i].name)->Reg128;
        const WHV_UINT128 *after = &cut.reg[i].value.Reg128;
        if (before->Low64 != after->Low64 || before->High64 != after->High64)
            return true;
    }
    return false;
}

static const char *judge_failure(size_t k)
{
    if (cut.broken)
        return cut.broken;
    if (cut.event_count != k)
        return "callbacks after one that failed";
    if (!has_same_beginning(k))
        return "other callbacks before the failure than without it";
    if (cut.result.status != 1u << whole.event[k - 1].kind)
        return "not the status bit of the callback that failed";
    if (has_changed_registers())
        return "a failed call has written registers";
    return NULL;
}

static const char *try_failures(WHV_EMULATOR_HANDLE emulator)
{
    static const HRESULT failures[] = {E_FAIL, S_FALSE};
    for (size_t k = 1; k <= whole.event_count; k++) {
        for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
            guest.fail_at = (unsigned)k;
            guest.fail_hr = failures[i];
            outcome_run(&guest, emulator, &made.exit, &cut);
            guest.fail_at = 0;
            const char *broken = judge_failure(k);
            if (broken)
                return broken;
        }
    }
    return NULL;
}

Test(failures, end_the_call_with_their_bit_and_nothing_else)
{
    struct property property = property_begin("failures", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++) {
        cases_make(&guest, property.seed, i, i, &made);
        made.exit.memory.InstructionByteCount = made.given;
        made.exit.io.InstructionByteCount = made.given;
        outcome_run(&guest, emulator, &made.exit, &whole);
        property_count(&property, &whole);
        const char *broken = try_failures(emulator);
        if (broken)
            property_fail(&property, i, &made, broken);
        cases_clear(&guest, &made);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}
