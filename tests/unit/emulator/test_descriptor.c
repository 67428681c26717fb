/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "run.h"

#define GDT 0x6000u
#define LDT 0x7000u

/* A descriptor from its parts; the limit is in units of granularity. */
static uint64_t descriptor(uint32_t base, uint32_t limit, unsigned access, unsigned flags)
{
    return (uint64_t)(limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)access << 40 |
           (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)flags << 52 |
           (uint64_t)(base >> 24) << 56;
}

static void prepare(enum guest_mode mode, uint16_t selector)
{
    guest_init(&guest, mode);
    guest_reg(&guest, WHvX64RegisterGdtr)->Table =
        (WHV_X64_TABLE_REGISTER){.Base = GDT, .Limit = 0x2f};
    WHV_X64_SEGMENT_REGISTER ldtr = {.Base = LDT, .Limit = 0xf, .Selector = 0x28};
    ldtr.Present = 1;
    ldtr.SegmentType = 2;
    guest_reg(&guest, WHvX64RegisterLdtr)->Segment = ldtr;
    guest_set64(&guest, WHvX64RegisterRbx, 0x9000);
    memcpy(guest.memory + 0x9000, &selector, 2);
}

/* mov <segment>, [rbx]. @param modrm 0x13 for SS, 0x1b for DS. */
static void load(enum guest_mode mode, unsigned cpl, uint8_t modrm)
{
    const uint8_t code[] = {0x8e, modrm};
    struct guest_exit exit = guest_memory_exit(&guest, mode, WHvMemoryAccessRead, 0x9000, code, 2);
    exit.vp.ExecutionState.Cpl = cpl & 3;
    cr_expect_eq(run_exit(&exit).status, 1);
}

Test(descriptor, a_descriptor_is_taken_apart)
{
    prepare(GUEST_PROT32, 0x10);
    uint64_t d = descriptor(0x12345678, 0xabcde, 0x93, 0xc);
    memcpy(guest.memory + GDT + 0x10, &d, 8);
    load(GUEST_PROT32, 0, 0x1b);
    WHV_X64_SEGMENT_REGISTER ds = guest_reg(&guest, WHvX64RegisterDs)->Segment;
    cr_expect_eq(ds.Selector, 0x10);
    cr_expect_eq(ds.Base, 0x12345678);
    cr_expect_eq(ds.Limit, 0xabcdefff);
    cr_expect_eq(ds.Attributes, 0xc093);
    cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->size, 0x19, "read as supervisor");
}

Test(descriptor, loading_marks_it_accessed)
{
    prepare(GUEST_PROT32, 0x10);
    uint64_t d = descriptor(0, 0xfffff, 0x92, 0xc);
    memcpy(guest.memory + GDT + 0x10, &d, 8);
    load(GUEST_PROT32, 0, 0x1b);
    cr_expect_eq(guest.memory[GDT + 0x15], 0x93);
    cr_expect_eq(guest_reg(&guest, WHvX64RegisterDs)->Segment.SegmentType, 3);
}

Test(descriptor, checks_follow_the_manual)
{
    static const struct {
        const char *name;
        uint16_t selector;
        unsigned access;
        unsigned cpl;
        bool is_ss;
        unsigned vector;
        uint32_t code;
    } rows[] = {
        {"data", 0x10, 0x93, 0, false, 0, 0},
        {"readable code", 0x10, 0x9b, 0, false, 0, 0},
        {"execute-only code", 0x10, 0x99, 0, false, 13, 0x10},
        {"a system descriptor", 0x10, 0x82, 0, false, 13, 0x10},
        {"not present", 0x10, 0x13, 0, false, 11, 0x10},
        {"RPL above DPL", 0x13, 0x93, 0, false, 13, 0x10},
        {"CPL above DPL", 0x10, 0x93, 3, false, 13, 0x10},
        {"conforming code ignores privilege", 0x13, 0x9f, 3, false, 0, 0},
        {"DPL 3 for CPL 3", 0x13, 0xf3, 3, false, 0, 0},
        {"past the GDT's limit", 0x30, 0x93, 0, false, 13, 0x30},
        {"past the LDT's limit", 0x14, 0x93, 0, false, 13, 0x14},
        {"SS", 0x10, 0x93, 0, true, 0, 0},
        {"SS read-only", 0x10, 0x91, 0, true, 13, 0x10},
        {"SS code", 0x10, 0x9b, 0, true, 13, 0x10},
        {"SS with another RPL", 0x13, 0xf3, 0, true, 13, 0x10},
        {"SS with another DPL", 0x10, 0xf3, 0, true, 13, 0x10},
        {"SS not present", 0x10, 0x13, 0, true, 12, 0x10},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        prepare(GUEST_PROT32, rows[i].selector);
        uint64_t d = descriptor(0, 0xfffff, rows[i].access, 0xc);
        memcpy(guest.memory + GDT + 0x10, &d, 8);
        load(GUEST_PROT32, rows[i].cpl, rows[i].is_ss ? 0x13 : 0x1b);
        cr_expect_eq(injected_vector(), rows[i].vector, "%s: %u", rows[i].name, injected_vector());
        if (rows[i].vector)
            cr_expect_eq(injected_code(), rows[i].code, "%s", rows[i].name);
    }
}

Test(descriptor, the_ldt_is_used_for_selectors_that_name_it)
{
    prepare(GUEST_PROT32, 0x0c);
    uint64_t d = descriptor(0x1234, 0xff, 0x93, 0x4);
    memcpy(guest.memory + LDT + 8, &d, 8);
    load(GUEST_PROT32, 0, 0x1b);
    cr_expect_eq(guest_reg(&guest, WHvX64RegisterDs)->Segment.Base, 0x1234);

    prepare(GUEST_PROT32, 0x0c);
    guest_reg(&guest, WHvX64RegisterLdtr)->Segment.Present = 0;
    load(GUEST_PROT32, 0, 0x1b);
    cr_expect_eq(injected_vector(), 13);
    cr_expect_eq(injected_code(), 0x0c);
}

Test(descriptor, null_selectors_make_segments_unusable)
{
    static const struct {
        enum guest_mode mode;
        uint16_t selector;
        unsigned cpl;
        bool is_ss;
        unsigned vector;
    } rows[] = {{GUEST_PROT32, 3, 0, false, 0}, {GUEST_PROT32, 0, 0, true, 13},
                {GUEST_LONG64, 0, 0, true, 0},  {GUEST_LONG64, 3, 3, true, 13},
                {GUEST_LONG64, 1, 0, true, 13}, {GUEST_COMPAT32, 0, 0, true, 13},
                {GUEST_LONG64, 2, 2, true, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        prepare(rows[i].mode, rows[i].selector);
        load(rows[i].mode, rows[i].cpl, rows[i].is_ss ? 0x13 : 0x1b);
        cr_expect_eq(injected_vector(), rows[i].vector, "row %zu", i);
        if (rows[i].vector)
            continue;
        WHV_X64_SEGMENT_REGISTER s =
            guest_reg(&guest, rows[i].is_ss ? WHvX64RegisterSs : WHvX64RegisterDs)->Segment;
        cr_expect_eq(s.Selector, rows[i].selector);
        cr_expect_eq(s.Present, 0);
        cr_expect_eq(s.DescriptorPrivilegeLevel, rows[i].is_ss ? rows[i].cpl : 0, "row %zu", i);
    }
}

Test(descriptor, real_mode_keeps_limit_and_attributes)
{
    prepare(GUEST_REAL16, 0x1234);
    guest_reg(&guest, WHvX64RegisterDs)->Segment.Limit = 0xffffffff;
    const uint8_t code[] = {0x8e, 0x1f}; /* mov ds, [bx] */
    run_memory(GUEST_REAL16, WHvMemoryAccessRead, 0x9000, code, 2);
    WHV_X64_SEGMENT_REGISTER ds = guest_reg(&guest, WHvX64RegisterDs)->Segment;
    cr_expect_eq(ds.Base, 0x12340);
    cr_expect_eq(ds.Selector, 0x1234);
    cr_expect_eq(ds.Limit, 0xffffffff);

    prepare(GUEST_VM86, 0x1234);
    guest_reg(&guest, WHvX64RegisterDs)->Segment.Limit = 0xfffff;
    guest_reg(&guest, WHvX64RegisterDs)->Segment.Attributes = 0x93;
    run_memory(GUEST_VM86, WHvMemoryAccessRead, 0x9000, code, 2);
    ds = guest_reg(&guest, WHvX64RegisterDs)->Segment;
    cr_expect_eq(ds.Base, 0x12340);
    cr_expect_eq(ds.Limit, 0xffff);
    cr_expect_eq(ds.Attributes, 0xf3);
}

/* What the pseudo-code of MOV says of a descriptor: SDM 2B, "MOV". @return a vector, or 0. */
static unsigned expected_vector(unsigned access, unsigned rpl, unsigned cpl, bool is_ss)
{
    const bool is_present = access & 0x80;
    const unsigned dpl = access >> 5 & 3;
    const bool is_code_or_data = access & 0x10;
    const bool is_code = access & 8;
    const bool is_conforming = is_code && (access & 4);
    const bool is_writable_or_readable = access & 2;
    if (!is_code_or_data)
        return 13;
    if (is_ss) {
        if (is_code || !is_writable_or_readable || rpl != cpl || dpl != cpl)
            return 13;
        return is_present ? 0 : 12;
    }
    if (is_code && !is_writable_or_readable)
        return 13;
    if (!is_conforming && (rpl > dpl || cpl > dpl))
        return 13;
    return is_present ? 0 : 11;
}

Test(descriptor, every_access_byte_with_every_privilege)
{
    for (unsigned i = 0; i < 0x2000; i++) {
        const unsigned access = i & 0xff;
        const unsigned rpl = i >> 8 & 3;
        const unsigned cpl = i >> 10 & 3;
        const bool is_ss = i >> 12;
        prepare(GUEST_PROT32, (uint16_t)(0x10 | rpl));
        uint64_t d = descriptor(0x1000, 0xff, access, 4);
        memcpy(guest.memory + GDT + 0x10, &d, 8);
        load(GUEST_PROT32, cpl, is_ss ? 0x13 : 0x1b);
        unsigned expected = expected_vector(access, rpl, cpl, is_ss);
        cr_assert_eq(injected_vector(), expected, "access %#x, RPL %u, CPL %u, %s: %u", access, rpl,
                     cpl, is_ss ? "SS" : "DS", injected_vector());
        cr_assert_eq(injected_code(), expected ? 0x10u : 0u, "access %#x", access);
        /* Only a descriptor that is loaded is marked. */
        unsigned marked = expected ? access : access | 1;
        cr_assert_eq(guest.memory[GDT + 0x15], marked, "access %#x", access);
        WHV_X64_SEGMENT_REGISTER s =
            guest_reg(&guest, is_ss ? WHvX64RegisterSs : WHvX64RegisterDs)->Segment;
        cr_assert_eq(s.Base, expected ? 0u : 0x1000u, "access %#x", access);
        cr_assert(expected || (s.Attributes & 0xff) == marked, "access %#x", access);
    }
}

Test(descriptor, tables_lie_below_4_gib_but_for_long_mode)
{
    static const struct {
        enum guest_mode mode;
        uint64_t page; /* that is asked for */
    } rows[] = {{GUEST_PROT32, 0x6000}, {GUEST_COMPAT32, 0x100006000}, {GUEST_LONG64, 0x100006000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t d = descriptor(0, 0xff, 0x93, 4);
        prepare(rows[i].mode, 0x10);
        guest_reg(&guest, WHvX64RegisterGdtr)->Table.Base = 0x100000000 + GDT;
        guest_map(&guest, 0x100006000, GDT, WHvTranslateGvaResultSuccess, 0);
        memcpy(guest.memory + GDT + 0x10, &d, 8);
        load(rows[i].mode, 0, 0x1b);
        cr_expect_eq(injected_vector(), 0, "row %zu", i);
        cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->address, rows[i].page, "row %zu", i);
    }
}

Test(descriptor, a_table_that_cannot_be_read_is_a_supervisors_page_fault)
{
    prepare(GUEST_PROT32, 0x10);
    guest_map(&guest, GDT, 0, WHvTranslateGvaResultPageNotPresent, 0);
    load(GUEST_PROT32, 3, 0x1b);
    cr_expect_eq(injected_vector(), 14);
    cr_expect_eq(injected_code(), 0, "not the user's doing, whatever CPL is");
    cr_expect_eq(injected_parameter(), GDT + 0x10);
    /* ... nor marked */
    uint64_t d = descriptor(0, 0xff, 0xf2, 4);
    prepare(GUEST_PROT32, 0x13);
    memcpy(guest.memory + GDT + 0x10, &d, 8);
    guest_map(&guest, GDT, GDT, WHvTranslateGvaResultPrivilegeViolation,
              WHvTranslateGvaFlagValidateWrite);
    load(GUEST_PROT32, 3, 0x1b);
    cr_expect_eq(injected_vector(), 14);
    cr_expect_eq(injected_code(), 3);
    cr_expect_eq(injected_parameter() & ~UINT64_C(7), GDT + 0x10);
    cr_expect_eq(guest_reg(&guest, WHvX64RegisterDs)->Segment.Base, 0, "DS stays");
}
