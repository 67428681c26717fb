/* SPDX-License-Identifier: MIT */
/*
 * What an exit tells besides the state of the processor only saves work: whichever access caused
 * it, wherever that went, whether its address is known and whether its translation can be used, the
 * guest sees the same. Reserved bits, what this exit does not speak of, and what registers have no
 * room for change no callback.
 */
#include <string.h>

#include "property.h"

#define COUNT     25000u
#define PAGE_MASK UINT64_C(0xfff)

static struct guest guest;
static struct random_case made;
static struct outcome plain, told;

static bool is_reachable(uint64_t address, WHV_MEMORY_ACCESS_TYPE access)
{
    uint64_t page = address & ~PAGE_MASK;
    if (page == CASES_READ_ONLY)
        return access != WHvMemoryAccessWrite;
    return page != CASES_MISSING;
}

/* The same instruction stopped by an access to `gva`. */
static const char *try_exit(WHV_EMULATOR_HANDLE emulator, WHV_MEMORY_ACCESS_TYPE access,
                            uint64_t gva, uint64_t gpa, bool is_valid, char *text, size_t size)
{
    struct guest_exit exit;
    memcpy(&exit, &made.exit, sizeof(exit));
    exit.memory.AccessInfo.AccessType = (UINT32)access & 3;
    exit.memory.AccessInfo.GvaValid = is_valid;
    exit.memory.Gva = gva;
    exit.memory.Gpa = gpa;
    /* An access that faults does not exit: nothing of that is computed again. */
    if (cases_is_told(&made, &exit) &&
        (outcome_vector(&plain) >= 12 || plain.result.status == 0x200))
        return NULL;
    outcome_run(&guest, emulator, &exit, &told);
    if (told.broken)
        return told.broken;
    return outcome_equal(&plain, &told, OUTCOME_TRANSLATIONS | OUTCOME_PLACES | OUTCOME_GETS,
                         made.start, text, size)
               ? NULL
               : text;
}

/* Where the page walk was stopped, Gpa is the entry's address: nothing that could be completed. */
static const char *try_walk(WHV_EMULATOR_HANDLE emulator, WHV_MEMORY_ACCESS_TYPE access,
                            uint64_t gva)
{
    struct guest_exit exit;
    memcpy(&exit, &made.exit, sizeof(exit));
    exit.memory.AccessInfo.AccessType = (UINT32)access & 3;
    exit.memory.AccessInfo.GvaValid = 1;
    exit.memory.Gva = gva;
    exit.memory.Gpa = guest_spread_address(&guest, gva) ^ 0x5a8;
    outcome_run(&guest, emulator, &exit, &told);
    return told.result.status == 2 && told.event_count == 0 ? NULL
                                                            : "a stopped page walk is not refused";
}

static const char *try_address(WHV_EMULATOR_HANDLE emulator, uint64_t gva, char *text, size_t size)
{
    static const WHV_MEMORY_ACCESS_TYPE accesses[] = {WHvMemoryAccessRead, WHvMemoryAccessWrite,
                                                      WHvMemoryAccessExecute};
    const uint64_t gpa = guest_spread_address(&guest, gva);
    const char *broken = NULL;
    for (unsigned i = 0; i < 3 && !broken; i++) {
        if (i < 2 && !(cases_accesses(&made) & 1u << i))
            continue;
        broken = try_walk(emulator, accesses[i], gva);
        if (!broken)
            broken = try_exit(emulator, accesses[i], gva, gpa, false, text, size);
        if (!broken && is_reachable(gva, accesses[i]))
            broken = try_exit(emulator, accesses[i], gva, gpa, true, text, size);
    }
    return broken;
}

static void try_case(struct property *property, uint64_t index, WHV_EMULATOR_HANDLE emulator)
{
    const char *broken = NULL;
    char text[512];
    made.exit.memory.InstructionByteCount = made.given;
    made.exit.memory.AccessInfo.GvaValid = 0;
    made.exit.memory.AccessInfo.AccessType = WHvMemoryAccessExecute;
    outcome_run(&guest, emulator, &made.exit, &plain);
    property_count(property, &plain);
    for (size_t i = 0; i < made.accesses && !broken; i++) {
        uint64_t first = made.access[i].linear;
        uint64_t last = first + made.access[i].size - 1;
        broken = try_address(emulator, first, text, sizeof(text));
        if (!broken && ((first ^ last) & ~PAGE_MASK) != 0)
            broken = try_address(emulator, last & ~PAGE_MASK, text, sizeof(text));
    }
    if (broken)
        property_fail(property, index, &made, broken);
}

Test(exits, only_save_work)
{
    struct property property = property_begin("exits", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cases_init(&guest, property.seed);
    guest_spread(&guest, UINT64_C(0x9e3779b97f4a7c15));
    for (uint64_t i = property.first; i < property.end; i++) {
        cases_make(&guest, property.seed, i, i, &made);
        if (!made.exit.is_io && made.accesses > 0)
            try_case(&property, i, emulator);
        cases_clear(&guest, &made);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}

/* Makes noise of all that has no meaning in this exit. */
static void scramble(struct guest_exit *exit, struct random *random)
{
    WHV_VP_EXIT_CONTEXT *vp = &exit->vp;
    const bool is_simple = exit->is_io && !exit->io.AccessInfo.StringOp;
    vp->ExecutionState.DebugActive = random_below(random, 2) & 1u;
    vp->ExecutionState.Reserved0 = random_below(random, 32) & 31u;
    vp->ExecutionState.Reserved1 = random_below(random, 8) & 7u;
    vp->Cr8 = random_below(random, 16) & 15u;
    vp->Reserved = (UINT8)random_next(random);
    vp->Reserved2 = (UINT32)random_next(random);
    if (!is_simple)
        vp->InstructionLength = random_below(random, 16) & 15u;
    for (unsigned i = 0; i < 3; i++) {
        exit->memory.Reserved[i] = (UINT8)random_next(random);
        exit->io.Reserved[i] = (UINT8)random_next(random);
        exit->io.Reserved2[i] = (UINT16)random_next(random);
    }
    exit->memory.AccessInfo.GpaUnmapped = random_below(random, 2) & 1u;
    exit->memory.AccessInfo.Reserved = (UINT32)random_next(random) & 0xfffffffu;
    exit->io.AccessInfo.RepPrefix = random_below(random, 2) & 1u;
    exit->io.AccessInfo.Reserved = (UINT32)random_next(random) & 0x3ffffffu;
    if (!exit->memory.AccessInfo.GvaValid)
        exit->memory.Gva = random_next(random);
    if (!is_simple)
        return;
    exit->io.InstructionByteCount = (UINT8)random_below(random, 17);
    for (unsigned i = 0; i < 16; i++)
        exit->io.InstructionBytes[i] = (UINT8)random_next(random);
    exit->io.Rcx = random_next(random);
    exit->io.Rsi = random_next(random);
    exit->io.Rdi = random_next(random);
    exit->io.Ds.Base = random_next(random);
    exit->io.Es.Attributes = (UINT16)random_next(random);
}

Test(exits, what_they_do_not_speak_of_changes_nothing)
{
    struct property property = property_begin("noise", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    char difference[512];
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++) {
        struct random random = random_of_index(property.seed ^ 3, i);
        cases_make(&guest, property.seed, i, i, &made);
        made.exit.memory.InstructionByteCount = made.given;
        outcome_run(&guest, emulator, &made.exit, &plain);
        property_count(&property, &plain);
        scramble(&made.exit, &random);
        guest.is_noisy = true;
        outcome_run(&guest, emulator, &made.exit, &told);
        guest.is_noisy = false;
        if (!outcome_equal(&plain, &told, 0, made.start, difference, sizeof(difference)))
            property_fail(&property, i, &made, difference);
        cases_clear(&guest, &made);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}
