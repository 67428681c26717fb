/* SPDX-License-Identifier: MIT */
/* exec_string.c and rep.h. */
#include <string.h>

#include "run.h"

static void prepare(enum guest_mode mode, uint64_t rcx, uint64_t rsi, uint64_t rdi)
{
    guest_init(&guest, mode);
    guest_set64(&guest, WHvX64RegisterRcx, rcx);
    guest_set64(&guest, WHvX64RegisterRsi, rsi);
    guest_set64(&guest, WHvX64RegisterRdi, rdi);
    for (unsigned i = 0; i < 0x1000; i++)
        guest.memory[0x5000 + i] = (uint8_t)i;
}

static void expect_pointers(uint64_t rcx, uint64_t rsi, uint64_t rdi)
{
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRcx), rcx, "rcx %#llx",
                 (unsigned long long)guest_get64(&guest, WHvX64RegisterRcx));
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRsi), rsi, "rsi %#llx",
                 (unsigned long long)guest_get64(&guest, WHvX64RegisterRsi));
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRdi), rdi, "rdi %#llx",
                 (unsigned long long)guest_get64(&guest, WHvX64RegisterRdi));
}

Test(string, repeats_to_the_end)
{
    prepare(GUEST_LONG64, 1025, 0x5000, 0x8000);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8000, BYTES(0xf3, 0xa4)), 1);
    expect_pointers(0, 0x5000 + 1025, 0x8000 + 1025);
    cr_expect_arr_eq(guest.memory + 0x8000, guest.memory + 0x5000, 1025);
    cr_expect_eq(guest.memory[0x8000 + 1025], 0);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1002);
}

Test(string, counts_0_and_1)
{
    prepare(GUEST_LONG64, 0, 0x5000, 0x8000);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8000, BYTES(0xf3, 0xa4));
    expect_pointers(0, 0x5000, 0x8000);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1002);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 0);

    prepare(GUEST_LONG64, 1, 0x5000, 0x8000);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8000, BYTES(0xf3, 0xa4));
    expect_pointers(0, 0x5001, 0x8001);
}

Test(string, goes_down_with_the_direction_flag)
{
    prepare(GUEST_LONG64, 3, 0x5008, 0x8008);
    guest_set64(&guest, WHvX64RegisterRflags, 0x402);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8008, BYTES(0xf3, 0xa5));
    expect_pointers(0, 0x5008 - 12, 0x8008 - 12);
    cr_expect_arr_eq(guest.memory + 0x8000, guest.memory + 0x5000, 12);
}

Test(string, overlapping_moves_go_element_by_element)
{
    prepare(GUEST_LONG64, 8, 0x5001, 0x5002);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x5002, BYTES(0xf3, 0xa4));
    for (unsigned i = 1; i < 10; i++)
        cr_expect_eq(guest.memory[0x5000 + i], 1, "byte %u", i);
}

Test(string, counters_and_pointers_have_the_address_size)
{
    /* 16 bits: upper parts stay; si and di wrap */
    prepare(GUEST_REAL16, 0xaaaa0003, 0xbbbbffff, 0xcccc8000);
    run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0x8000, BYTES(0xf3, 0xa4));
    expect_pointers(0xaaaa0000, 0xbbbb0002, 0xcccc8003);
    /* 32 bits in 64-bit mode: upper halves are cleared */
    prepare(GUEST_LONG64, 0xaaaaaaaa00000002, 0xbbbbbbbb00005000, 0xcccccccc00008000);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8000, BYTES(0x67, 0xf3, 0xa4));
    expect_pointers(0, 0x5002, 0x8002);
    /* ... but not if nothing is done, as AMD has it */
    prepare(GUEST_LONG64, 0xaaaaaaaa00000000, 0xbbbbbbbb00005000, 0xcccccccc00008000);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8000, BYTES(0x67, 0xf3, 0xa4));
    expect_pointers(0xaaaaaaaa00000000, 0xbbbbbbbb00005000, 0xcccccccc00008000);
    /* without REP rCX is left alone */
    prepare(GUEST_LONG64, 7, 0x5000, 0x8000);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8000, BYTES(0xa4));
    expect_pointers(7, 0x5001, 0x8001);
}

Test(string, a_fault_keeps_what_was_finished)
{
    prepare(GUEST_LONG64, 8, 0x5000, 0x8ffc);
    guest_map(&guest, 0x9000, 0, WHvTranslateGvaResultPageNotPresent, 0);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8ffc, BYTES(0xf3, 0xa4)), 1);
    cr_expect_eq(injected_vector(), 14);
    cr_expect_eq(injected_parameter(), 0x9000);
    cr_expect_eq(injected_code(), 2);
    expect_pointers(4, 0x5004, 0x9000);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1000);
}

Test(string, a_destination_that_faults_costs_the_source_no_read)
{
    prepare(GUEST_LONG64, 2, GUEST_DEVICE, 0x9000);
    guest_map(&guest, 0x9000, 0, WHvTranslateGvaResultPageNotPresent, 0);
    run_memory(GUEST_LONG64, WHvMemoryAccessRead, GUEST_DEVICE, BYTES(0xf3, 0xa4));
    cr_expect_eq(injected_vector(), 14);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 0);
    expect_pointers(2, GUEST_DEVICE, 0x9000);
}

Test(string, a_destination_that_faults_costs_the_port_no_read)
{
    prepare(GUEST_LONG64, 2, 0, 0x9000);
    guest_map(&guest, 0x9000, 0, WHvTranslateGvaResultPrivilegeViolation, 0);
    struct guest_exit exit =
        guest_io_exit(&guest, GUEST_LONG64, 0x1f0, 1, false, true, BYTES(0xf3, 0x6c));
    cr_expect_eq(run_exit(&exit).status, 1);
    cr_expect_eq(injected_vector(), 14);
    cr_expect_eq(count_of(GUEST_IO), 0);
}

Test(string, stores_and_loads_use_the_accumulator)
{
    prepare(GUEST_LONG64, 2, 0x5000, 0x8000);
    guest_set64(&guest, WHvX64RegisterRax, 0x8877665544332211);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8000, BYTES(0x66, 0xf3, 0xab));
    static const uint8_t stored[] = {0x11, 0x22, 0x11, 0x22, 0};
    cr_expect_arr_eq(guest.memory + 0x8000, stored, sizeof(stored));
    expect_pointers(0, 0x5000, 0x8004);

    prepare(GUEST_LONG64, 2, 0x5010, 0x8000);
    guest_set64(&guest, WHvX64RegisterRax, 0x8877665544332211);
    run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0x5010, BYTES(0xf3, 0xac));
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), 0x8877665544332211, "byte 0x5011 is 0x11");
    expect_pointers(0, 0x5012, 0x8000);

    prepare(GUEST_LONG64, 2, 0x5010, 0x8000);
    guest_set64(&guest, WHvX64RegisterRax, 0x8877665544332211);
    run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0x5010, BYTES(0xf3, 0xad));
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), 0x17161514, "zero-extended");
}

Test(string, single_step_does_one_iteration_per_call)
{
    prepare(GUEST_LONG64, 2, 0x5000, 0x8000);
    guest_set64(&guest, WHvX64RegisterRflags, 0x102);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8000, BYTES(0xf3, 0xa4));
    expect_pointers(1, 0x5001, 0x8001);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1000, "not the last");
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterPendingDebugException), 0x10);
    guest_set64(&guest, WHvX64RegisterPendingDebugException, 0);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8001, BYTES(0xf3, 0xa4));
    expect_pointers(0, 0x5002, 0x8002);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1002);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterPendingDebugException), 0x10);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRflags), 0x102, "TF stays");
}

Test(string, a_callback_can_end_a_repeat_of_any_length)
{
    prepare(GUEST_LONG64, UINT64_C(1) << 40, 0x5000, GUEST_DEVICE);
    struct guest_exit exit = guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessWrite,
                                               GUEST_DEVICE, BYTES(0xf3, 0xaa));
    guest.fail_at = 5000;
    cr_expect_eq(run_exit(&exit).status, 1u << 3);
    cr_expect_eq(guest.log_count, 5000);
}

Test(string, elements_may_cross_pages)
{
    prepare(GUEST_LONG64, 3, 0x5ffd, 0x8ffe);
    for (unsigned i = 0; i < 16; i++)
        guest.memory[0x5ff8 + i] = (uint8_t)(0xa0 + i);
    guest_map(&guest, 0x9000, 0xc000, WHvTranslateGvaResultSuccess, 0);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x8ffe, BYTES(0xf3, 0xa5));
    cr_expect_arr_eq(guest.memory + 0x8ffe, guest.memory + 0x5ffd, 2);
    cr_expect_arr_eq(guest.memory + 0xc000, guest.memory + 0x5fff, 10);
    expect_pointers(0, 0x6009, 0x900a);
}

Test(string, the_segment_limit_is_checked_for_every_element)
{
    prepare(GUEST_REAL16, 4, 0x5000, 0xfffe);
    run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0xfffe, BYTES(0xf3, 0xaa));
    expect_pointers(0, 0x5000, 2); /* byte elements wrap from 0xffff to 0 */
    prepare(GUEST_REAL16, 4, 0x5000, 0xfffd);
    run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0xfffd, BYTES(0xf3, 0xab));
    cr_expect_eq(injected_vector(), 13, "a word at 0xffff does not");
    expect_pointers(3, 0x5000, 0xffff);
}

/* rep stosb in 32-bit code with a segment that begins or ends inside a page. */
Test(string, limits_inside_a_page_stop_a_repeat_there)
{
    static const struct {
        const char *name;
        uint32_t limit;
        unsigned type;
        bool goes_down;
        uint64_t rdi, rcx;    /* before */
        uint64_t after, left; /* after the fault, or 0 */
    } rows[] = {
        {"up to the limit", 0x8801, 3, false, 0x87ff, 4, 0x8802, 1},
        {"up and within the limit", 0x8802, 3, false, 0x87ff, 4, 0x8803, 0},
        {"down to the lower bound", 0x87fe, 7, true, 0x8801, 4, 0x87fe, 1},
        {"down and above the lower bound", 0x87fd, 7, true, 0x8801, 4, 0x87fd, 0},
        {"down below offset 0", 0xffff, 3, true, 1, 4, 0xffffffff, 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        prepare(GUEST_PROT32, rows[i].rcx, 0, rows[i].rdi);
        WHV_X64_SEGMENT_REGISTER *es = &guest_reg(&guest, WHvX64RegisterEs)->Segment;
        es->Limit = rows[i].limit;
        es->SegmentType = rows[i].type & 15;
        guest_set64(&guest, WHvX64RegisterRflags, rows[i].goes_down ? 0x402 : 2);
        run_memory(GUEST_PROT32, WHvMemoryAccessWrite, 0xb8000, BYTES(0xf3, 0xaa));
        cr_expect_eq(injected_vector(), rows[i].left ? 13u : 0u, "%s", rows[i].name);
        expect_pointers(rows[i].left, 0, rows[i].after);
        cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), rows[i].rcx - rows[i].left, "%s", rows[i].name);
    }
}

Test(string, moves_between_two_devices_alternate)
{
    prepare(GUEST_LONG64, 3, GUEST_DEVICE, GUEST_DEVICE + 0x5000);
    run_memory(GUEST_LONG64, WHvMemoryAccessRead, GUEST_DEVICE, BYTES(0xf3, 0xa5));
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 6);
    for (size_t i = 0; i < 6; i++) {
        const struct guest_event *event = event_of(GUEST_MEMORY_ACCESS, i);
        cr_expect_eq(event->is_write, i % 2 == 1, "access %zu", i);
        cr_expect_eq(event->address, GUEST_DEVICE + (i % 2 ? 0x5000 : 0) + i / 2 * 4);
        cr_expect_eq(event->size, 4);
        if (i % 2)
            cr_expect_eq(event->data, event_of(GUEST_MEMORY_ACCESS, i - 1)->data);
    }
    cr_expect_eq(count_of(GUEST_TRANSLATE), 1, "the source's page is the exit's");
}
