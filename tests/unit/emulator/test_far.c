/* SPDX-License-Identifier: MIT */
/* What loads CS, and interrupts by instructions: every descriptor, and why a call is refused. */
#include <string.h>

#include <whvemu/reason.h>

#include "run.h"

#define GDT      0x6000u
#define STACK    0x8000u
#define SELECTOR 0x18u
#define TARGET   0x2000u
#define REFUSED  2u

static WHV_EMULATOR_HANDLE emulator;

static const uint8_t jmp[] = {0xea, 0x00, 0x20, 0x00, 0x00, SELECTOR, 0x00};

static void prepare(enum guest_mode mode, unsigned access, unsigned flags)
{
    const uint8_t descriptor[8] = {0xff, 0xff, 0, 0, 0, (uint8_t)access, (uint8_t)(flags << 4 | 15),
                                   0};
    guest_init(&guest, mode);
    guest_reg(&guest, WHvX64RegisterGdtr)->Table =
        (WHV_X64_TABLE_REGISTER){.Base = GDT, .Limit = 0x2f};
    guest_set64(&guest, WHvX64RegisterRsp, STACK);
    memcpy(guest.memory + GDT + SELECTOR, descriptor, sizeof(descriptor));
    if (!emulator)
        emulator = guest_create_emulator();
}

/* What is popped, in 32-bit code: EIP, CS, EFLAGS. */
static void push(uint32_t rip, uint32_t selector, uint32_t flags)
{
    const uint32_t frame[] = {rip, selector, flags};
    memcpy(guest.memory + STACK, frame, sizeof(frame));
}

static uint32_t run(enum guest_mode mode, unsigned cpl, const uint8_t *code, size_t size)
{
    struct guest_exit exit =
        guest_memory_exit(&guest, mode, WHvMemoryAccessExecute, 0x1000, code, size);
    exit.vp.ExecutionState.Cpl = cpl & 3;
    struct guest_result result = guest_run(&guest, emulator, &exit);
    cr_assert_eq(result.hr, S_OK);
    cr_assert_null(guest.broken, "%s", guest.broken);
    return result.status;
}

enum outcome { TAKEN, NP = 11, GP = 13, OTHER_LEVEL = 256, GATE };

/* SDM 2A, "JMP": conforming and nonconforming code segments, gates. */
static unsigned expected_jump(unsigned access, unsigned rpl, unsigned cpl)
{
    const unsigned type = access & 15, dpl = access >> 5 & 3;
    if (!(access & 0x10)) {
        const bool is_known = type == 1 || type == 4 || type == 5 || type == 9 || type == 12;
        if (!is_known || dpl < cpl || dpl < rpl)
            return GP;
        return access & 0x80 ? GATE : NP;
    }
    if (!(type & 8))
        return GP;
    if (type & 4 ? dpl > cpl : rpl > cpl || dpl != cpl)
        return GP;
    return access & 0x80 ? TAKEN : NP;
}

/* SDM 2B, "RET". */
static unsigned expected_return(unsigned access, unsigned rpl, unsigned cpl)
{
    const unsigned type = access & 15, dpl = access >> 5 & 3;
    if (!(access & 0x10) || !(type & 8) || rpl < cpl)
        return GP;
    if (type & 4 ? dpl > rpl : dpl != rpl)
        return GP;
    if (!(access & 0x80))
        return NP;
    return rpl > cpl ? OTHER_LEVEL : TAKEN;
}

static void expect(unsigned expected, uint32_t status, unsigned access, unsigned selector,
                   unsigned cpl)
{
    const WHV_X64_SEGMENT_REGISTER cs = guest_reg(&guest, WHvX64RegisterCs)->Segment;
    const bool is_refused = expected >= OTHER_LEVEL;
    const unsigned vector = is_refused ? 0 : expected;
    const unsigned marked = expected == TAKEN ? access | 1 : access;
    cr_assert_eq(status, is_refused ? REFUSED : 1u, "access %#x, %#x at CPL %u", access, selector,
                 cpl);
    cr_assert_eq(injected_vector(), vector, "access %#x, %#x at CPL %u: %u", access, selector, cpl,
                 injected_vector());
    cr_assert_eq(injected_code(), vector ? SELECTOR : 0u, "access %#x", access);
    cr_assert_eq(guest.memory[GDT + SELECTOR + 5], marked, "access %#x", access);
    if (expected != TAKEN) {
        cr_assert_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1000);
        cr_assert_eq(guest_get64(&guest, WHvX64RegisterRsp), STACK);
        return;
    }
    cr_assert_eq(guest_get64(&guest, WHvX64RegisterRip), TARGET);
    cr_assert_eq(cs.Selector, SELECTOR | cpl);
    cr_assert_eq(cs.Attributes, 0x4000 | marked);
}

Test(far, every_access_byte_with_every_privilege)
{
    const uint8_t retf[] = {0xcb}, iret[] = {0xcf};
    for (unsigned i = 0; i < 0x1000; i++) {
        const unsigned access = i & 0xff, rpl = i >> 8 & 3, cpl = i >> 10 & 3;
        const uint8_t code[] = {0xea, 0x00, 0x20, 0x00, 0x00, (uint8_t)(SELECTOR | rpl), 0x00};
        prepare(GUEST_PROT32, access, 4);
        expect(expected_jump(access, rpl, cpl), run(GUEST_PROT32, cpl, code, sizeof(code)), access,
               SELECTOR | rpl, cpl);
        for (unsigned k = 0; k < 2; k++) {
            prepare(GUEST_PROT32, access, 4);
            push(TARGET, SELECTOR | rpl, 2);
            expect(expected_return(access, rpl, cpl), run(GUEST_PROT32, cpl, k ? iret : retf, 1),
                   access, SELECTOR | rpl, cpl);
        }
    }
}

Test(far, the_new_segment_makes_the_mode)
{
    static const struct {
        enum guest_mode mode;
        unsigned flags; /* G, D, L, AVL */
        uint16_t attributes;
    } rows[] = {{GUEST_PROT32, 0xc, 0xc09b},
                {GUEST_PROT32, 0x0, 0x009b},
                {GUEST_COMPAT32, 0xa, 0xa09b},
                {GUEST_COMPAT32, 0x4, 0x409b},
                {GUEST_PROT32, 0xe, 0xe09b}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        prepare(rows[i].mode, 0x9b, rows[i].flags);
        cr_expect_eq(run(rows[i].mode, 0, jmp, sizeof(jmp)), 1);
        cr_expect_eq(guest_reg(&guest, WHvX64RegisterCs)->Segment.Attributes, rows[i].attributes);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), TARGET);
    }
    prepare(GUEST_COMPAT32, 0x9a, 0xe);
    cr_expect_eq(run(GUEST_COMPAT32, 0, jmp, sizeof(jmp)), 1);
    cr_expect_eq(injected_vector(), GP, "L and D both");
    cr_expect_eq(injected_code(), SELECTOR);
}

Test(far, a_table_that_cannot_be_written_leaves_everything)
{
    static const uint8_t codes[][7] = {
        {0xea, 0x00, 0x20, 0x00, 0x00, SELECTOR}, {0xcb}, {0xcf}, {0x9a, 0, 0x20, 0, 0, SELECTOR}};
    for (size_t i = 0; i < 4; i++) {
        prepare(GUEST_PROT32, 0x9a, 4);
        push(TARGET, SELECTOR, 0x247);
        guest_map(&guest, GDT, GDT, WHvTranslateGvaResultPrivilegeViolation,
                  WHvTranslateGvaFlagValidateWrite);
        cr_expect_eq(run(GUEST_PROT32, 0, codes[i], sizeof(codes[i])), 1);
        cr_expect_eq(injected_vector(), 14, "row %zu", i);
        cr_expect_eq(guest.set_count, 1, "row %zu: PendingEvent alone", i);
        for (size_t k = 0; k < guest.log_count; k++)
            cr_expect_not(guest.log[k].kind == GUEST_MEMORY_ACCESS && guest.log[k].is_write,
                          "row %zu", i);
    }
}

static void expect_reason(const char *reason, uint32_t status)
{
    cr_expect_eq(status, REFUSED, "%s", reason);
    cr_expect_str_eq(whvemu_reason(emulator), reason);
    cr_expect_eq(guest.set_count, 0);
}

Test(far, what_is_refused_says_why)
{
    const uint8_t retf[] = {0xcb}, iret[] = {0xcf}, interrupt[] = {0xcd, 0x80};
    prepare(GUEST_PROT32, 0xfb, 4);
    push(TARGET, SELECTOR | 3, 2);
    expect_reason("a return to another privilege level is not supported",
                  run(GUEST_PROT32, 0, retf, 1));
    prepare(GUEST_PROT32, 0x9b, 4);
    push(TARGET, SELECTOR, 0x20002);
    expect_reason("IRET to virtual-8086 mode is not supported", run(GUEST_PROT32, 0, iret, 1));
    prepare(GUEST_PROT32, 0x8c, 0);
    expect_reason("a far transfer through a call gate is not supported",
                  run(GUEST_PROT32, 0, jmp, sizeof(jmp)));
    prepare(GUEST_PROT32, 0x85, 0);
    expect_reason("a task switch is not supported", run(GUEST_PROT32, 0, jmp, sizeof(jmp)));
    prepare(GUEST_PROT32, 0x9b, 4);
    guest_set64(&guest, WHvX64RegisterCr4, 0x800000);
    expect_reason("CR4.CET is set: no register can hold what a shadow stack holds",
                  run(GUEST_PROT32, 0, retf, 1));
    prepare(GUEST_PROT32, 0x9b, 4);
    expect_reason("an interrupt by an instruction outside of real mode: a pending event can say "
                  "none",
                  run(GUEST_PROT32, 0, interrupt, 2));
    cr_expect_eq(guest.log_count, 0);
}

/* Every vector, in real mode, with a table of any size. */
Test(far, interrupts_of_real_mode_go_by_the_table)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        const uint8_t code[] = {0xcd, (uint8_t)vector};
        const uint16_t entry[] = {(uint16_t)(0x100 + vector), 0x1000};
        for (unsigned is_short = 0; is_short < 2; is_short++) {
            prepare(GUEST_REAL16, 0, 0);
            guest_reg(&guest, WHvX64RegisterIdtr)->Table = (WHV_X64_TABLE_REGISTER){
                .Base = 0x4000, .Limit = (UINT16)(4 * vector + 3 - is_short)};
            memcpy(guest.memory + 0x4000 + 4 * vector, entry, sizeof(entry));
            guest_set64(&guest, WHvX64RegisterRflags, 0x40302);
            cr_expect_eq(run(GUEST_REAL16, 0, code, sizeof(code)), 1);
            cr_expect_eq(injected_vector(), is_short ? GP : 0, "vector %u", vector);
            if (is_short)
                continue;
            cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x100 + vector);
            cr_expect_eq(guest_reg(&guest, WHvX64RegisterCs)->Segment.Base, 0x10000);
            cr_expect_eq(guest_get64(&guest, WHvX64RegisterRflags), 2, "AC, IF and TF are clear");
            cr_expect_eq(guest_get64(&guest, WHvX64RegisterPendingDebugException), 0);
        }
    }
}
