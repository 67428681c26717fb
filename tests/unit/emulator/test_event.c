/* SPDX-License-Identifier: MIT */
#include "run.h"

static uint32_t run_faulting(void)
{
    guest_set64(&guest, WHvX64RegisterRbx, 0x5678);
    guest_map(&guest, 0x5000, 0, WHvTranslateGvaResultPageNotPresent, 0);
    return run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0xb8000, BYTES(0x8b, 0x03));
}

Test(event, a_fault_is_injected_and_rip_stays)
{
    guest_init(&guest, GUEST_LONG64);
    cr_expect_eq(run_faulting(), 1);
    WHV_X64_PENDING_EXCEPTION_EVENT event =
        guest_reg(&guest, WHvRegisterPendingEvent)->ExceptionEvent;
    cr_expect_eq(event.EventPending, 1);
    cr_expect_eq(event.EventType, WHvX64PendingEventException);
    cr_expect_eq(event.DeliverErrorCode, 1);
    cr_expect_eq(event.Vector, 14);
    cr_expect_eq(event.ExceptionParameter, 0x5678);
    cr_expect_eq(event.Reserved0, 0);
    cr_expect_eq(event.Reserved1, 0);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1000);
    cr_expect_eq(event_of(GUEST_SET, 0)->address, 1, "PendingEvent alone");
    cr_expect_eq(count_of(GUEST_GET), 2, "the instruction's registers, then what is pending");
}

Test(event, a_guest_with_something_pending_cannot_be_faulted)
{
    guest_init(&guest, GUEST_LONG64);
    guest_reg(&guest, WHvRegisterPendingEvent)->ExceptionEvent.EventPending = 1;
    cr_expect_eq(run_faulting(), 1u << 9);
    cr_expect_eq(count_of(GUEST_SET), 0);

    guest_init(&guest, GUEST_LONG64);
    guest_reg(&guest, WHvRegisterPendingInterruption)->PendingInterruption.InterruptionPending = 1;
    cr_expect_eq(run_faulting(), 1u << 9);
}

Test(event, old_values_without_the_pending_bit_do_not_matter)
{
    guest_init(&guest, GUEST_LONG64);
    guest_reg(&guest, WHvRegisterPendingEvent)->ExceptionEvent.Vector = 3;
    guest_reg(&guest, WHvRegisterPendingInterruption)->PendingInterruption.InterruptionVector = 3;
    cr_expect_eq(run_faulting(), 1);
    cr_expect_eq(injected_vector(), 14);
}

Test(event, fetch_faults_show_i_d_where_execution_can_be_forbidden)
{
    static const struct {
        uint64_t efer, cr4;
        uint32_t code;
    } rows[] = {{0, 0, 0}, {0x800, 0, 0x10}, {0, 0x100000, 0x10}, {0x500, 0x20, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_map(&guest, 0x1000, 0, WHvTranslateGvaResultPageNotPresent, 0);
        guest_set64(&guest, WHvX64RegisterEfer, rows[i].efer);
        guest_set64(&guest, WHvX64RegisterCr4, rows[i].cr4);
        const uint8_t none = 0;
        cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0xb8000, &none, 0), 1);
        cr_expect_eq(injected_code(), rows[i].code, "row %zu", i);
        cr_expect_eq(injected_parameter(), 0x1000);
    }
}

Test(event, invalid_opcodes_have_no_error_code)
{
    guest_init(&guest, GUEST_LONG64);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, BYTES(0xf0, 0x89, 0x03)),
                 1);
    cr_expect_eq(injected_vector(), 6);
    cr_expect(!injected_has_code());
}
