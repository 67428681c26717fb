/* SPDX-License-Identifier: MIT */
/* RDMSR and WRMSR: which registers are asked for, and by which name they are set. What may be
   written traces/manual/system judges. */
#include "msr.h"
#include "run.h"

#define APIC_BASE 0xfee00900u

static uint32_t run(uint8_t opcode, uint32_t number, uint64_t value)
{
    const uint8_t code[] = {0x0f, opcode};
    guest_set64(&guest, WHvX64RegisterRcx, number);
    guest_set64(&guest, WHvX64RegisterRax, value & UINT32_MAX);
    guest_set64(&guest, WHvX64RegisterRdx, value >> 32);
    return run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x1000, code, sizeof(code));
}

Test(msr_move, knows_each_register_by_its_number)
{
    /* Numbers of winhvplatformdefs.h; 0: it has none. */
    static const struct {
        uint32_t number;
        uint32_t name;
    } rows[] = {
        {0xc0000082, WHvX64RegisterLstar},
        {0x277, WHvX64RegisterPat},
        {0x3a, 0},
        {0xc0000085, 0},
        {0xfe, 0x200d},
        {0x200, 0x2010},
        {0x201, 0x2040},
        {0x21e, 0x201f},
        {0x21f, 0x204f},
        {0x220, 0},
        {0x250, 0x2070},
        {0x251, 0},
        {0x257, 0},
        {0x258, 0x2071},
        {0x259, 0x2072},
        {0x25a, 0},
        {0x268, 0x2073},
        {0x26f, 0x207a},
        {0x270, 0},
        {0x2ff, 0x200e},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct whe_msr msr = {.name = (WHV_REGISTER_NAME)0};
        const bool is_found = whe_msr_find(rows[i].number, &msr);
        cr_expect_eq(is_found, rows[i].name != 0, "0x%x", rows[i].number);
        cr_expect_eq((uint32_t)msr.name, rows[i].name, "0x%x", rows[i].number);
    }
}

Test(msr_move, reads_a_register_by_its_own_name)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterStar, 0x1122334455667788);
    cr_expect_eq(run(0x32, 0xc0000081, 0), 1);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), 0x55667788);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRdx), 0x11223344);
    cr_expect_eq(count_of(GUEST_GET), 2, "the name is in RCX");
    cr_expect_eq(count_of(GUEST_SET), 1);
}

Test(msr_move, reads_before_it_writes_only_where_that_matters)
{
    static const struct {
        uint32_t number;
        WHV_REGISTER_NAME name;
        uint64_t value;
        size_t gets;
    } rows[] = {
        {0xc0000081, WHvX64RegisterStar, 0x1122334455667788, 1},
        {0xc0000102, WHvX64RegisterKernelGsBase, 0xffff800000001000, 1},
        {0x10, WHvX64RegisterTsc, 0, 1},
        {0x1b, WHvX64RegisterApicBase, APIC_BASE + 0x1000, 2},
        {0xc0000080, WHvX64RegisterEfer, 0xd01, 1}, /* it is got with CR0 */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterApicBase, APIC_BASE);
        guest_set64(&guest, WHvX64RegisterTsc, 5);
        guest_set64(&guest, WHvX64RegisterCr0, 0x80000011);
        guest_set64(&guest, WHvX64RegisterEfer, 0xd00);
        cr_expect_eq(run(0x30, rows[i].number, rows[i].value), 1, "row %zu", i);
        cr_expect_eq(guest_get64(&guest, rows[i].name), rows[i].value, "row %zu", i);
        cr_expect_eq(count_of(GUEST_GET), rows[i].gets, "row %zu", i);
        cr_expect_eq(count_of(GUEST_SET), 1, "row %zu", i);
    }
}

Test(msr_move, a_base_leaves_the_rest_of_its_segment)
{
    guest_init(&guest, GUEST_LONG64);
    const WHV_X64_SEGMENT_REGISTER before = {
        .Base = 0x1000, .Limit = 0x1234, .Selector = 0x2b, .Attributes = 0xc0f3};
    guest_reg(&guest, WHvX64RegisterFs)->Segment = before;
    cr_expect_eq(run(0x30, 0xc0000100, 0x7f0000002000), 1);
    const WHV_X64_SEGMENT_REGISTER after = guest_reg(&guest, WHvX64RegisterFs)->Segment;
    cr_expect_eq(after.Base, 0x7f0000002000);
    cr_expect_eq(after.Limit, before.Limit);
    cr_expect_eq(after.Selector, before.Selector);
    cr_expect_eq(after.Attributes, before.Attributes);
}

Test(msr_move, a_get_that_fails_is_reported_as_such)
{
    guest_init(&guest, GUEST_LONG64);
    guest.fail_at = 2;
    cr_expect_eq(run(0x32, 0xc0000081, 0), 0x40);
}
