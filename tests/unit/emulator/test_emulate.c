/* SPDX-License-Identifier: MIT */
/* The pipeline itself: refusing, retiring, committing. */
#include <string.h>

#include "run.h"

Test(emulate, a_pending_interruption_is_refused_without_a_callback)
{
    guest_init(&guest, GUEST_LONG64);
    struct guest_exit exit =
        guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessRead, 0xb8000, BYTES(0x8b, 0x03));
    exit.vp.ExecutionState.InterruptionPending = 1;
    cr_expect_eq(run_exit(&exit).status, 1u << 8);
    cr_expect_eq(guest.log_count, 0);
    exit = guest_io_exit(&guest, GUEST_LONG64, 0x60, 1, false, false, BYTES(0xec));
    exit.vp.ExecutionState.InterruptionPending = 1;
    cr_expect_eq(run_exit(&exit).status, 1u << 8);
    cr_expect_eq(guest.log_count, 0);
}

Test(emulate, what_was_fetched_must_be_able_to_cause_the_exit)
{
    static const struct {
        const char *name;
        WHV_MEMORY_ACCESS_TYPE access;
        uint8_t code[3];
        uint8_t size;
        uint32_t status;
        unsigned vector;
    } rows[] = {
        {"a register move on a read exit", WHvMemoryAccessRead, {0x8b, 0xc3}, 2, 1, 13},
        {"a register move on a write exit", WHvMemoryAccessWrite, {0x8b, 0xc3}, 2, 1, 13},
        {"a register move on an execute exit", WHvMemoryAccessExecute, {0x8b, 0xc3}, 2, 1, 0},
        {"a store on a read exit", WHvMemoryAccessRead, {0x89, 0x03}, 2, 1, 13},
        {"a load on a write exit", WHvMemoryAccessWrite, {0x8b, 0x03}, 2, 1, 13},
        {"in on a read exit", WHvMemoryAccessRead, {0xec}, 1, 1, 13},
        {"hlt, which has no row, on a read exit", WHvMemoryAccessRead, {0xf4}, 1, 1, 13},
        {"lmsw of a register, likewise", WHvMemoryAccessWrite, {0x0f, 0x01, 0xf0}, 3, 1, 13},
        {"hlt has no row", WHvMemoryAccessExecute, {0xf4}, 1, 2, 0},
        {"vmptrld has no row", WHvMemoryAccessRead, {0x0f, 0xc7, 0x33}, 3, 2, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        cr_expect_eq(run_memory(GUEST_LONG64, rows[i].access, 0x1000, rows[i].code, rows[i].size),
                     rows[i].status, "%s", rows[i].name);
        cr_expect_eq(injected_vector(), rows[i].vector, "%s", rows[i].name);
        cr_expect_eq(injected_code(), 0, "%s", rows[i].name);
        if (rows[i].status == 2)
            cr_expect_eq(guest.log_count, 0, "%s", rows[i].name);
        if (rows[i].vector)
            cr_expect_eq(count_of(GUEST_MEMORY_ACCESS) + count_of(GUEST_TRANSLATE), 0, "%s",
                         rows[i].name);
    }
}

Test(emulate, a_gva_and_a_gpa_that_disagree_are_refused_without_a_callback)
{
    static const uint32_t statuses[] = {1, 2, 1u << 8};
    for (unsigned i = 0; i < 3; i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRbx, 0xb8010);
        struct guest_exit exit = guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessRead,
                                                   0xb8010, BYTES(0x8b, 0x03));
        exit.memory.Gpa = i == 0 ? 0xb8010 : 0x7018; /* an entry of a page table */
        exit.vp.ExecutionState.InterruptionPending = i == 2;
        cr_expect_eq(run_exit(&exit).status, statuses[i]);
        cr_expect(i == 0 || guest.log_count == 0);
    }
}

Test(emulate, rip_is_cut_to_32_bits_outside_64_bit_mode)
{
    static const struct {
        enum guest_mode mode;
        uint64_t rip, after;
    } rows[] = {{GUEST_PROT32, 0xffffffff, 1},
                {GUEST_REAL16, 0xffff, 0x10001},
                {GUEST_LONG64, 0xffffffff, 0x100000001},
                {GUEST_LONG64, 0xffffffffffffffff, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, rows[i].mode);
        guest_set64(&guest, WHvX64RegisterRip, rows[i].rip);
        guest_set64(&guest, WHvX64RegisterRbx, 0x8000);
        uint8_t code[2] = {0x89, rows[i].mode == GUEST_REAL16 ? 0x07 : 0x03};
        run_memory(rows[i].mode, WHvMemoryAccessWrite, 0x8000, code, 2);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), rows[i].after, "row %zu", i);
    }
}

Test(emulate, the_resume_flag_is_cleared)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
    guest_set64(&guest, WHvX64RegisterRflags, 0x10ad7);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, BYTES(0x89, 0x03));
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRflags), 0x0ad7);
    cr_expect_eq(event_of(GUEST_SET, 0)->address, 2, "RFLAGS and RIP");
}

Test(emulate, the_trap_flag_leaves_a_pending_single_step)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
    guest_set64(&guest, WHvX64RegisterRflags, 0x102);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, BYTES(0x89, 0x03));
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterPendingDebugException), 0x10);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRflags), 0x102);
}

static void run_in_shadow(uint64_t rbx, uint64_t interrupt_state)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, rbx);
    guest_set64(&guest, WHvRegisterInterruptState, interrupt_state);
    struct guest_exit exit =
        guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, BYTES(0x89, 0x03));
    exit.vp.ExecutionState.InterruptShadow = 1;
    run_exit(&exit);
}

Test(emulate, the_interrupt_shadow_ends_and_masked_nmis_stay)
{
    run_in_shadow(0xb8000, 3);
    cr_expect_eq(guest_get64(&guest, WHvRegisterInterruptState), 2);
    cr_expect_eq(event_of(GUEST_GET, 0)->address, 3, "in the same batch");
    cr_expect_eq(count_of(GUEST_GET), 1);
    run_in_shadow(0x800000000000, 3); /* #GP */
    cr_expect_eq(guest_get64(&guest, WHvRegisterInterruptState), 3, "a fault leaves it alone");
}

Test(emulate, a_fault_shows_neither_trap_nor_cleared_flags)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, 0x800000000000);
    guest_set64(&guest, WHvX64RegisterRflags, 0x10102);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, BYTES(0x89, 0x03));
    cr_expect_eq(injected_vector(), 13);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterPendingDebugException), 0);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRflags), 0x10102);
}

/* PUSHA that wraps: its first 12 bytes end behind the first page's edge above the segment. */
static void push_all(uint64_t base)
{
    guest_init(&guest, GUEST_REAL16);
    guest_reg(&guest, WHvX64RegisterSs)->Segment.Base = base;
    guest_set64(&guest, WHvX64RegisterRsp, 4);
    guest_set64(&guest, WHvX64RegisterRax, 0x1111);
    guest_set64(&guest, WHvX64RegisterRdx, 0x3333);
    guest_set64(&guest, WHvX64RegisterRdi, 0x8888);
}

Test(emulate, a_stack_may_wrap_beside_the_edge_of_a_page)
{
    push_all(0x4004);
    cr_expect_eq(run_memory(GUEST_REAL16, WHvMemoryAccessExecute, 0x1000, BYTES(0x60)), 1);
    cr_expect_eq(injected_vector(), 0);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRsp), 0xfff4);
    cr_expect_eq(guest.memory[0x4004 + 0xfff4], 0x88);
    cr_expect_eq(guest.memory[0x4004 + 0xfffe], 0x33, "rDX, on the next page");
    cr_expect_eq(guest.memory[0x4004 + 2], 0x11, "rAX, behind the end of the segment");

    push_all(0x4003); /* rBX lies in both pages */
    guest_set64(&guest, WHvX64RegisterRbx, 0xa5b6);
    cr_expect_eq(run_memory(GUEST_REAL16, WHvMemoryAccessExecute, 0x1000, BYTES(0x60)), 1);
    cr_expect_eq(guest.memory[0x13fff], 0xb6);
    cr_expect_eq(guest.memory[0x14000], 0xa5);

    push_all(0x4004);
    guest_map(&guest, 0x14000, 0x6000, WHvTranslateGvaResultSuccess, 0);
    cr_expect_eq(run_memory(GUEST_REAL16, WHvMemoryAccessExecute, 0x1000, BYTES(0x60)), 2,
                 "three places are too many");
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 0);
}
