/* SPDX-License-Identifier: MIT */
/*
 * The one allocation is in Create, and Destroy frees it: no call allocates, whatever happens in it.
 * The linker sends the library's calls of the allocator here: see CMakeLists.txt.
 */
#include "property.h"

#define COUNT 20000u

static unsigned allocations, releases;

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void __wrap_free(void *pointer);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
void __real_free(void *pointer);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
    allocations++;
    return __real_realloc(pointer, size);
}

void __wrap_free(void *pointer)
{
    releases++;
    __real_free(pointer);
}

static struct guest guest;
static struct random_case made;
static struct outcome call;

Test(allocations, happen_in_create_alone)
{
    struct property property = property_begin("allocations", COUNT);
    allocations = releases = 0;
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cr_expect_eq(allocations, 1, "in Create");
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++) {
        cases_make(&guest, property.seed, i, i, &made);
        made.exit.memory.InstructionByteCount = made.given;
        unsigned before = allocations;
        outcome_run(&guest, emulator, &made.exit, &call);
        property_count(&property, &call);
        if (allocations != before)
            property_fail(&property, i, &made, "a call allocates");
        cases_clear(&guest, &made);
    }
    cr_expect_eq(releases, 0);
    WHvEmulatorDestroyEmulator(emulator);
    cr_expect_eq(releases, 1, "in Destroy");
    property_end(&property);
}
