/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "run.h"

/* mov dword ptr [rbx], 0x04030201: 6 bytes. */
static const uint8_t store[] = {0xc7, 0x03, 1, 2, 3, 4};

static void place(enum guest_mode mode, uint64_t rip, const uint8_t *code, size_t size)
{
    guest_init(&guest, mode);
    guest_set64(&guest, WHvX64RegisterRip, rip);
    guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
    memcpy(guest.memory + rip, code, size);
}

Test(fetch, given_bytes_are_not_fetched_again)
{
    place(GUEST_LONG64, 0x1000, store, 0);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, store, 6), 1);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 1, "the store alone");
    cr_expect_eq(count_of(GUEST_TRANSLATE), 0);
}

Test(fetch, missing_bytes_come_in_one_piece_of_8_if_that_is_enough)
{
    for (uint8_t given = 0; given < 6; given++) {
        place(GUEST_LONG64, 0x1000, store, sizeof(store));
        cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, store, given), 1);
        const struct guest_event *translate = event_of(GUEST_TRANSLATE, 0);
        cr_expect_eq(translate->address, 0x1000);
        cr_expect_eq(translate->size,
                     WHvTranslateGvaFlagValidateExecute | WHvTranslateGvaFlagSetPageTableBits);
        cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->address, 0x1000u + given);
        cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->size, 8);
        cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 2, "given %u: that, and the store", given);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1006);
    }
}

Test(fetch, the_next_page_is_touched_only_if_the_instruction_goes_on)
{
    place(GUEST_LONG64, 0x1ffa, store, sizeof(store));
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, store, 0), 1);
    cr_expect_eq(count_of(GUEST_TRANSLATE), 1, "it ends with the page");

    place(GUEST_LONG64, 0x1ffd, store, sizeof(store));
    guest_map(&guest, 0x2000, 0x5000, WHvTranslateGvaResultSuccess, 0);
    memcpy(guest.memory + 0x5000, store + 3, 3);
    memset(guest.memory + 0x2000, 0, 3);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, store, 0), 1);
    cr_expect_eq(count_of(GUEST_TRANSLATE), 2);
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->size, 2);
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 1)->size, 1);
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 2)->address, 0x5000);
    cr_expect_eq(guest.log[guest.log_count - 2].data, 0x04030201);
}

Test(fetch, a_missing_second_page_is_a_fault_at_its_start)
{
    place(GUEST_LONG64, 0x1ffd, store, sizeof(store));
    guest_map(&guest, 0x2000, 0, WHvTranslateGvaResultPageNotPresent, 0);
    guest_set64(&guest, WHvX64RegisterEfer, 0xd01); /* NXE */
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, store, 0), 1);
    cr_expect_eq(injected_vector(), 14);
    cr_expect_eq(injected_parameter(), 0x2000);
    cr_expect_eq(injected_code(), 0x10, "I/D");
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1ffd);
}

Test(fetch, past_the_limit_of_cs_is_a_general_protection_fault)
{
    place(GUEST_REAL16, 0x1000, store, sizeof(store));
    WHV_X64_SEGMENT_REGISTER *cs = &guest_reg(&guest, WHvX64RegisterCs)->Segment;
    cs->Limit = 0x1003; /* the 16-bit form has 4 bytes: c7 03 01 02 */
    guest_set64(&guest, WHvX64RegisterRbp, 0xb800);
    cr_expect_eq(run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0xb800, store, 0), 1);
    cr_expect_eq(injected_vector(), 0);
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->size, 4, "not past the limit");

    place(GUEST_REAL16, 0x1000, store, sizeof(store));
    cs = &guest_reg(&guest, WHvX64RegisterCs)->Segment;
    cs->Limit = 0x1002;
    cr_expect_eq(run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0xb800, store, 0), 1);
    cr_expect_eq(injected_vector(), 13);
    cr_expect_eq(injected_code(), 0);
    cr_expect(!injected_has_code(), "real mode delivers none");
}

Test(fetch, code_above_64_kib_runs_where_the_limit_allows)
{
    place(GUEST_REAL16, 0x1fffe, (const uint8_t[]){0x89, 0x07}, 2);
    guest_reg(&guest, WHvX64RegisterCs)->Segment.Limit = 0xffffffff;
    guest_set64(&guest, WHvX64RegisterRbx, 0x8000);
    cr_expect_eq(run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0x8000, store, 0), 1);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x20000, "not cut to 16 bits");
}

Test(fetch, pieces_have_8_4_2_or_1_bytes)
{
    /* Prefixes that have no effect, and a store: the instruction has as many bytes as are asked
     * for. */
    for (uint8_t length = 4; length <= 15; length++) {
        uint8_t code[15];
        memset(code, 0x3e, sizeof(code));
        memcpy(code + length - 2, (const uint8_t[]){0x89, 0x03}, 2);
        for (uint8_t given = 0; given < length; given++) {
            unsigned fetched = given;
            place(GUEST_LONG64, 0x1000, code, length);
            cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, code, given), 1);
            for (size_t i = 0; i + 1 < count_of(GUEST_MEMORY_ACCESS); i++) {
                unsigned size = event_of(GUEST_MEMORY_ACCESS, i)->size;
                cr_expect(size == 8 || size == 4 || size == 2 || size == 1);
                cr_expect_lt(fetched, length, "nothing is fetched beyond the instruction");
                fetched += size;
            }
            cr_expect(fetched >= length && fetched <= 15, "%u of %u given", given, length);
        }
    }
}

Test(fetch, more_than_15_bytes_are_a_general_protection_fault)
{
    uint8_t code[16];
    memset(code, 0x66, sizeof(code));
    for (uint8_t given = 0; given <= 16; given += 4) {
        place(GUEST_LONG64, 0x1000, code, sizeof(code));
        cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, code, given), 1);
        cr_expect_eq(injected_vector(), 13, "given %u", given);
    }
}

Test(fetch, bytes_that_are_no_instruction_fail_or_fault_by_exit)
{
    static const uint8_t bad[] = {0x06, 0x90, 0x90, 0x90};
    guest_init(&guest, GUEST_LONG64);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0xb8000, bad, 4), 2);
    cr_expect_eq(guest.log_count, 0, "no side effect");
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, bad, 4), 2);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x1000, bad, 4), 1);
    cr_expect_eq(injected_vector(), 6);
    cr_expect(!injected_has_code());
}

Test(fetch, an_execute_exit_translates_its_own_page)
{
    place(GUEST_LONG64, 0x1000, (const uint8_t[]){0xb8, 1, 2, 3, 4}, 5);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x1000, store, 0), 1);
    cr_expect_eq(count_of(GUEST_TRANSLATE), 0);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), 0x04030201);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1005);
}

Test(fetch, an_instruction_that_was_swapped_is_decoded_anew)
{
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    place(GUEST_LONG64, 0x1000, (const uint8_t[]){0x8b, 0x03}, 2);
    struct guest_exit exit =
        guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessRead, 0xb8000, store, 0);
    cr_expect_eq(guest_run(&guest, emulator, &exit).status, 1);
    guest.memory[0x1001] = 0x0b; /* mov ecx, [rbx] instead of mov eax, [rbx] */
    guest_set64(&guest, WHvX64RegisterRcx, 0xffffffffffffffff);
    cr_expect_eq(guest_run(&guest, emulator, &exit).status, 1);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRcx), guest_get64(&guest, WHvX64RegisterRax));
    WHvEmulatorDestroyEmulator(emulator);
}

Test(fetch, code_must_lie_at_canonical_addresses)
{
    static const struct {
        uint64_t rip;
        bool la57;
        unsigned vector;
    } rows[] = {{0x00007ffffffff000, false, 0},  {0x0000800000000000, false, 13},
                {0xffff7ffffffff000, false, 13}, {0xffff800000000000, false, 0},
                {0x0000800000000000, true, 0},   {0x00fffffffffff000, true, 0},
                {0x0100000000000000, true, 13},  {0xfeffffffffffe000, true, 13}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        place(GUEST_LONG64, 0x1000, (const uint8_t[]){0x8b, 0x03}, 2);
        guest_set64(&guest, WHvX64RegisterRip, rows[i].rip);
        guest_set64(&guest, WHvX64RegisterCr4, rows[i].la57 ? 0x1020 : 0x20);
        guest_map(&guest, rows[i].rip, 0x1000, WHvTranslateGvaResultSuccess, 0);
        cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0xb8000, store, 0), 1);
        cr_expect_eq(injected_vector(), rows[i].vector, "row %zu", i);
        cr_expect_eq(injected_code(), 0, "row %zu", i);
        cr_expect_eq(count_of(GUEST_TRANSLATE), rows[i].vector ? 0u : 1u, "row %zu", i);
    }
}

Test(fetch, an_instruction_that_runs_into_non_canonical_addresses_faults)
{
    place(GUEST_LONG64, 0x1ffe, store, 2); /* two of six bytes */
    guest_set64(&guest, WHvX64RegisterRip, 0x00007ffffffffffe);
    guest_map(&guest, 0x00007ffffffff000, 0x1000, WHvTranslateGvaResultSuccess, 0);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, store, 0), 1);
    cr_expect_eq(injected_vector(), 13);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 1, "the fetch of what is there");
}

Test(fetch, the_last_byte_within_the_limit_is_code)
{
    place(GUEST_REAL16, 0xffff, (const uint8_t[]){0xaa}, 1); /* stosb */
    guest_set64(&guest, WHvX64RegisterRdi, 0x8000);
    cr_expect_eq(run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0x8000, store, 0), 1);
    cr_expect_eq(injected_vector(), 0);
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->size, 1, "no more than that");
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x10000);

    place(GUEST_REAL16, 0xffff, (const uint8_t[]){0x88, 0x07}, 2); /* mov [bx], al */
    cr_expect_eq(run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0x8000, store, 0), 1);
    cr_expect_eq(injected_vector(), 13, "the second byte lies past it");

    place(GUEST_REAL16, 0x10000, (const uint8_t[]){0xaa}, 1);
    cr_expect_eq(run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0x8000, store, 0), 1);
    cr_expect_eq(injected_vector(), 13);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 0);
}
