/* SPDX-License-Identifier: MIT */
/* Pushes and pops of RFLAGS: SDM 2B, "POPF", table 4-16; 2A, "IRET". */
#include "run.h"

#include "flags.h"

#define VME  UINT64_C(1)
#define CF   UINT64_C(0x1)
#define TF   UINT64_C(0x100)
#define IF   UINT64_C(0x200)
#define IOPL UINT64_C(0x3000)
#define NT   UINT64_C(0x4000)
#define RF   UINT64_C(0x10000)
#define VM   UINT64_C(0x20000)
#define VIF  UINT64_C(0x80000)
#define VIP  UINT64_C(0x100000)

/* CF PF AF ZF SF TF DF OF NT AC ID: what any program may change. */
#define ANYONE UINT64_C(0x244dd5)

static uint64_t pop(const struct whe_mode *mode, unsigned size, uint64_t before, uint64_t popped,
                    uint64_t more)
{
    uint64_t rflags = before;
    cr_expect(whe_flags_pop(mode, size, 0, popped, more, &rflags));
    return rflags;
}

Test(flags, privilege_says_which_are_popped)
{
    for (unsigned cpl = 0; cpl < 4; cpl++) {
        for (unsigned iopl = 0; iopl < 4; iopl++) {
            const struct whe_mode mode = {.protected_mode = true, .cpl = cpl & 3};
            const uint64_t before = (uint64_t)iopl << 12;
            const uint64_t allowed =
                ANYONE | (cpl == 0 ? IOPL : 0) | (cpl <= iopl ? IF : UINT64_C(0));
            cr_expect_eq(pop(&mode, 4, before, UINT64_MAX, 0), before | allowed, "%u %u", cpl,
                         iopl);
            cr_expect_eq(pop(&mode, 2, before, UINT64_MAX, 0), before | (allowed & 0xffff), "%u %u",
                         cpl, iopl);
            const uint64_t full = VM | VIF | VIP | IOPL | IF | ANYONE;
            const uint64_t iopl_3 = ANYONE | IF | (cpl == 0 ? IOPL : 0);
            cr_expect_eq(pop(&mode, 8, full, 0, 0), full & ~iopl_3, "%u", cpl);
        }
    }
}

Test(flags, a_return_pops_more)
{
    const struct whe_mode mode = {.protected_mode = true};
    cr_expect_eq(pop(&mode, 4, 0, RF | VIF | VIP | VM, RF | VIF | VIP), RF | VIF | VIP);
    cr_expect_eq(pop(&mode, 4, RF | VIF | VIP, 0, RF | VIF | VIP), 0);
    cr_expect_eq(pop(&mode, 4, RF, RF, 0), 0, "POPF clears RF");
    cr_expect_eq(pop(&mode, 2, RF | VIF, 0, RF | VIF | VIP), VIF, "16 bits have neither");
}

Test(flags, virtual_8086_mode_has_a_flag_of_its_own)
{
    static const struct {
        uint64_t before, popped;
        bool is_popped;
        uint64_t after;
    } rows[] = {{VM, IF, true, VM | VIF},      {VM | VIF | IF, 0, true, VM | IF},
                {VM | VIP, 0, true, VM | VIP}, {VM | VIP, IF, false, VM | VIP},
                {VM, TF, false, VM},           {VM | CF, NT | IOPL, true, VM | NT}};
    const struct whe_mode mode = {.vm86 = true, .cpl = 3};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t rflags = rows[i].before;
        cr_expect(whe_flags_are_virtual(&mode, 2, rflags, VME));
        cr_expect_eq(whe_flags_pop(&mode, 2, VME, rows[i].popped, RF, &rflags), rows[i].is_popped,
                     "row %zu", i);
        cr_expect_eq(rflags, rows[i].after, "row %zu", i);
    }
    cr_expect(whe_flags_are_refused(&mode, 2, VM, 0));
    cr_expect(whe_flags_are_refused(&mode, 4, VM, VME), "it has 16 bits alone");
    cr_expect_not(whe_flags_are_refused(&mode, 2, VM, VME));
    cr_expect_not(whe_flags_are_refused(&mode, 4, VM | IOPL, 0));
    cr_expect_not(whe_flags_are_virtual(&mode, 2, VM | IOPL, VME));
}
