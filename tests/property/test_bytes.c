/* SPDX-License-Identifier: MIT */
/*
 * Whatever the bytes are, and whatever exit they are said to have caused: a call that cannot do
 * anything with them has no side effect, and every other one keeps the rules.
 */
#include <string.h>

#include "property.h"

#define COUNT 60000u

static struct guest guest;
static struct random_case made;
static struct outcome call, again;

/* A known instruction with some of its bytes changed, or none that anybody knows. */
static void spoil(struct random *random)
{
    bool is_all = random_once_in(random, 3);
    for (unsigned i = 0; i < sizeof(made.code); i++) {
        if (is_all || random_once_in(random, 5))
            made.code[i] = (uint8_t)random_next(random);
    }
    guest_set64(&guest, WHvX64RegisterRcx, random_below(random, 5)); /* it may become a REP */
    made.exit.io.Rcx = guest_get64(&guest, WHvX64RegisterRcx);
    memcpy(guest.memory + made.start, made.code, sizeof(made.code));
    memcpy(made.exit.memory.InstructionBytes, made.code, sizeof(made.code));
    memcpy(made.exit.io.InstructionBytes, made.code, sizeof(made.code));
    made.exit.memory.InstructionByteCount = (UINT8)random_below(random, 17);
    made.exit.io.InstructionByteCount = made.exit.memory.InstructionByteCount;
    if (made.exit.is_io)
        return;
    made.exit.memory.AccessInfo.AccessType = WHvMemoryAccessExecute; /* of any instruction */
    if (random_once_in(random, 2))
        made.exit.memory.AccessInfo.AccessType = random_below(random, 2) & 1u;
}

static bool has_fetches_alone(void)
{
    for (size_t i = 0; i < call.event_count; i++) {
        if (!outcome_is_fetch(&call, i, made.start))
            return false;
    }
    return true;
}

static bool is_simple_port_exit(void)
{
    return made.exit.is_io && !made.exit.io.AccessInfo.StringOp;
}

/* What loads CS, and interrupts, may find out by reading that it is none of the emulator's. */
static bool is_far(void)
{
    if (!model_decode(&made.model, made.mode, made.code, 15))
        return false;
    const ZydisInstructionCategory category = made.model.insn.meta.category;
    return made.model.insn.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ||
           category == ZYDIS_CATEGORY_RET || category == ZYDIS_CATEGORY_INTERRUPT;
}

static bool has_reads_alone(void)
{
    for (size_t i = 0; i < call.event_count; i++) {
        const struct guest_event *event = &call.event[i];
        if (event->kind == GUEST_SET || event->kind == GUEST_IO ||
            (event->kind == GUEST_MEMORY_ACCESS && event->is_write))
            return false;
    }
    return true;
}

static const char *judge(void)
{
    if (call.broken)
        return call.broken;
    if (call.result.hr != S_OK)
        return "another result than S_OK";
    if (call.result.status != 1 && call.result.status != 2 && call.result.status != 0x200)
        return "a status that no answer of these callbacks stands for";
    if (call.result.status == 2 && !(is_far() ? has_reads_alone() : has_fetches_alone()))
        return "an instruction that is not emulated has side effects";
    if (is_simple_port_exit() || call.result.status != 1)
        return NULL;
    bool is_decoded = model_decode(&made.model, made.mode, made.code, 15);
    int vector = outcome_vector(&call);
    bool is_fetch_fault = vector == 6 || vector == 13 || vector == 14;
    if (!(is_decoded && (encodings_know(&made.model) || is_far())) && !is_fetch_fault &&
        made.model.insn.raw.rex.B == 0)
        return "something was done that is no row of the table";
    return NULL;
}

Test(bytes, of_any_kind_keep_the_rules)
{
    struct property property = property_begin("bytes", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    char difference[512];
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++) {
        struct random random = random_of_index(property.seed ^ 3, i);
        cases_make(&guest, property.seed, i, i, &made);
        spoil(&random);
        outcome_run(&guest, emulator, &made.exit, &call);
        property_count(&property, &call);
        const char *broken = judge();
        outcome_run(&guest, emulator, &made.exit, &again);
        if (!broken && !outcome_equal(&call, &again, 0, made.start, difference, sizeof(difference)))
            broken = difference;
        if (broken)
            property_fail(&property, i, &made, broken);
        cases_clear(&guest, &made);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}
