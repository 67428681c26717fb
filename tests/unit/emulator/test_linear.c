/* SPDX-License-Identifier: MIT */
/* linear.c and memory.c: segmentation, canonical addresses, alignment, splits. */
#include <string.h>

#include "run.h"

static WHV_X64_SEGMENT_REGISTER *segment(WHV_REGISTER_NAME name)
{
    return &guest_reg(&guest, name)->Segment;
}

/* mov [ebx], eax in 32-bit protected mode, with DS changed by the row. */
Test(linear, limits_and_types_are_checked_in_protected_mode)
{
    static const struct {
        const char *name;
        uint32_t limit;
        unsigned type;
        bool present, code_or_data, big;
        bool is_load;
        uint32_t offset;
        unsigned vector;
    } rows[] = {
        {"last byte at the limit", 0xb8003, 3, true, true, true, false, 0xb8000, 0},
        {"one byte past the limit", 0xb8002, 3, true, true, true, false, 0xb8000, 13},
        {"wholly past the limit", 0xb7fff, 3, true, true, true, false, 0xb8000, 13},
        {"past 4 GiB", 0xffffffff, 3, true, true, true, false, 0xfffffffe, 13},
        {"read-only, load", 0xffffffff, 1, true, true, true, true, 0xb8000, 0},
        {"read-only, store", 0xffffffff, 1, true, true, true, false, 0xb8000, 13},
        {"readable code, load", 0xffffffff, 0xb, true, true, true, true, 0xb8000, 0},
        {"readable code, store", 0xffffffff, 0xb, true, true, true, false, 0xb8000, 13},
        {"execute-only code, load", 0xffffffff, 9, true, true, true, true, 0xb8000, 13},
        {"not present", 0xffffffff, 3, false, true, true, true, 0xb8000, 13},
        {"a system segment", 0xffffffff, 3, true, false, true, true, 0xb8000, 13},
        {"expand-down, above the limit", 0xb7fff, 7, true, true, true, false, 0xb8000, 0},
        {"expand-down, at the limit", 0xb8000, 7, true, true, true, false, 0xb8000, 13},
        {"expand-down, to the end", 0xfff, 7, true, true, true, false, 0xfffffffc, 0},
        {"expand-down, not yet accessed", 0xb7fff, 6, true, true, true, false, 0xb8000, 0},
        {"expand-down, read-only, load", 0xb7fff, 5, true, true, true, true, 0xb8000, 0},
        {"expand-down, read-only, store", 0xb7fff, 4, true, true, true, false, 0xb8000, 13},
        {"conforming code that can be read", 0xb8003, 0xf, true, true, true, true, 0xb8000, 0},
        {"conforming code past its limit", 0xb8002, 0xf, true, true, true, true, 0xb8000, 13},
        {"expand-down, past the end", 0xfff, 7, true, true, true, false, 0xfffffffd, 13},
        {"16-bit expand-down, to the end", 0xfff, 7, true, true, false, false, 0xfffc, 0},
        {"16-bit expand-down, past the end", 0xfff, 7, true, true, false, false, 0xfffd, 13},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_PROT32);
        WHV_X64_SEGMENT_REGISTER *ds = segment(WHvX64RegisterDs);
        ds->Limit = rows[i].limit;
        ds->SegmentType = rows[i].type & 15;
        ds->Present = rows[i].present;
        ds->NonSystemSegment = rows[i].code_or_data;
        ds->Default = rows[i].big;
        guest_set64(&guest, WHvX64RegisterRbx, rows[i].offset);
        uint8_t code[2] = {rows[i].is_load ? 0x8b : 0x89, 0x03};
        cr_expect_eq(run_memory(GUEST_PROT32,
                                rows[i].is_load ? WHvMemoryAccessRead : WHvMemoryAccessWrite,
                                rows[i].offset, code, 2),
                     1, "%s", rows[i].name);
        cr_expect_eq(injected_vector(), rows[i].vector, "%s", rows[i].name);
        cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), rows[i].vector ? 0u : 1u, "%s", rows[i].name);
    }
}

Test(linear, a_violation_through_ss_is_a_stack_fault)
{
    guest_init(&guest, GUEST_PROT32);
    segment(WHvX64RegisterSs)->Limit = 0xfff;
    guest_set64(&guest, WHvX64RegisterRbp, 0x1000);
    run_memory(GUEST_PROT32, WHvMemoryAccessWrite, 0x1000, BYTES(0x89, 0x45, 0x00));
    cr_expect_eq(injected_vector(), 12);
    cr_expect_eq(injected_code(), 0);
    cr_expect(injected_has_code());
}

Test(linear, cached_limits_count_in_real_mode_and_types_do_not)
{
    guest_init(&guest, GUEST_REAL16);
    guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
    const uint8_t code[] = {0x67, 0x89, 0x03}; /* mov [ebx], ax */
    run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0xb8000, code, 3);
    cr_expect_eq(injected_vector(), 13, "the limit is 0xffff");

    guest_init(&guest, GUEST_REAL16);
    guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
    segment(WHvX64RegisterDs)->Limit = 0xffffffff;
    segment(WHvX64RegisterDs)->Attributes = 0;
    run_memory(GUEST_REAL16, WHvMemoryAccessWrite, 0xb8000, code, 3);
    cr_expect_eq(injected_vector(), 0, "unreal mode");
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->address, 0xb8000);
}

Test(linear, addresses_wrap_at_4_gib_outside_64_bit_mode)
{
    guest_init(&guest, GUEST_PROT32);
    segment(WHvX64RegisterDs)->Base = 0xfffff000;
    guest_set64(&guest, WHvX64RegisterRbx, 0xffe);
    run_memory(GUEST_PROT32, WHvMemoryAccessWrite, 0x12345000, BYTES(0x89, 0x03));
    cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->address, 0xfffff000);
    cr_expect_eq(event_of(GUEST_TRANSLATE, 1)->address, 0);
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 1)->address, 0);
}

Test(linear, only_fs_and_gs_have_bases_in_64_bit_mode)
{
    static const struct {
        uint8_t prefix;
        uint64_t expected;
    } rows[] = {
        {0x3e, 0xb8000}, {0x26, 0xb8000}, {0x36, 0xb8000}, {0x64, 0xb9000}, {0x65, 0xba000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        segment(WHvX64RegisterDs)->Base = 0x5000;
        segment(WHvX64RegisterEs)->Base = 0x5000;
        segment(WHvX64RegisterSs)->Base = 0x5000;
        segment(WHvX64RegisterFs)->Base = 0x1000;
        segment(WHvX64RegisterGs)->Base = 0x2000;
        segment(WHvX64RegisterGs)->Limit = 0; /* no limits either */
        guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
        const uint8_t code[] = {rows[i].prefix, 0x89, 0x03};
        run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, code, 3);
        cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->address, rows[i].expected, "row %zu", i);
    }
}

Test(linear, addresses_must_be_canonical)
{
    static const struct {
        uint64_t address;
        bool la57;
        unsigned vector;
    } rows[] = {{0x00007ffffffffffc, false, 0},  {0x00007ffffffffffd, false, 13},
                {0x0000800000000000, false, 13}, {0xffff7fffffffffff, false, 13},
                {0xffff800000000000, false, 0},  {0xfffffffffffffffc, false, 0},
                {0xfffffffffffffffd, false, 0}, /* wraps to 0, which is canonical */
                {0x0000800000000000, true, 0},   {0x00fffffffffffffc, true, 0},
                {0x00fffffffffffffd, true, 13},  {0xff00000000000000, true, 0},
                {0xfeffffffffffffff, true, 13}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterCr4, rows[i].la57 ? 0x1020 : 0x20);
        guest_set64(&guest, WHvX64RegisterRbx, rows[i].address);
        run_memory(GUEST_LONG64, WHvMemoryAccessWrite, rows[i].address, BYTES(0x89, 0x03));
        cr_expect_eq(injected_vector(), rows[i].vector, "row %zu", i);
    }
}

Test(linear, a_non_canonical_stack_address_is_a_stack_fault)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbp, 0x0000800000000000);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0, BYTES(0x89, 0x45, 0x00));
    cr_expect_eq(injected_vector(), 12);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0, BYTES(0x64, 0x89, 0x45, 0x00));
    guest_set64(&guest, WHvRegisterPendingEvent, 0);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0, BYTES(0x64, 0x89, 0x45, 0x00));
    cr_expect_eq(injected_vector(), 13, "through FS");
}

Test(linear, misaligned_operands_fault_where_alignment_is_checked)
{
    for (unsigned offset = 0; offset < 8; offset++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRbx, 0xb8000 + offset);
        guest_set64(&guest, WHvX64RegisterRflags, 0x40002);
        struct guest_exit exit = guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessWrite,
                                                   0xb8000 + offset, BYTES(0x89, 0x03));
        exit.vp.ExecutionState.Cpl = 3;
        exit.vp.ExecutionState.Cr0Am = 1;
        run_exit(&exit);
        cr_expect_eq(injected_vector(), offset % 4 ? 17u : 0u, "offset %u", offset);
        cr_expect_eq(injected_has_code(), offset % 4 != 0, "offset %u", offset);
        cr_expect_eq(injected_code(), 0, "offset %u", offset);
    }
}

/* As AMD family 25 has it; the manuals call #AC of 16 bytes implementation-specific. */
Test(linear, each_size_has_its_alignment)
{
    static const struct {
        const char *name;
        uint8_t code[4];
        uint8_t size;
        uint8_t alignment;
        uint8_t vector;
    } rows[] = {{"mov [rbx], al", {0x88, 0x03}, 2, 1, 0},
                {"mov [rbx], ax", {0x66, 0x89, 0x03}, 3, 2, 17},
                {"mov [rbx], eax", {0x89, 0x03}, 2, 4, 17},
                {"mov [rbx], rax", {0x48, 0x89, 0x03}, 3, 8, 17},
                {"lock inc word [rbx]", {0xf0, 0x66, 0xff, 0x03}, 4, 2, 17},
                {"cmpxchg8b [rbx]", {0x0f, 0xc7, 0x0b}, 3, 8, 17},
                {"movups [rbx], xmm1", {0x0f, 0x11, 0x0b}, 3, 16, 17},
                {"movdqu [rbx], xmm1", {0xf3, 0x0f, 0x7f, 0x0b}, 4, 16, 17},
                {"movaps [rbx], xmm1", {0x0f, 0x29, 0x0b}, 3, 16, 13},
                {"cmpxchg16b [rbx]", {0x48, 0x0f, 0xc7, 0x0b}, 4, 16, 13}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned offset = 0; offset < 16; offset++) {
            guest_init(&guest, GUEST_LONG64);
            guest_set64(&guest, WHvX64RegisterRbx, 0xb8000 + offset);
            guest_set64(&guest, WHvX64RegisterRflags, 0x40002);
            struct guest_exit exit = guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessExecute,
                                                       0x1000, rows[i].code, rows[i].size);
            exit.vp.ExecutionState.Cpl = 3;
            exit.vp.ExecutionState.Cr0Am = 1;
            run_exit(&exit);
            bool is_aligned = offset % rows[i].alignment == 0;
            cr_expect_eq(injected_vector(), is_aligned ? 0 : rows[i].vector, "%s, offset %u",
                         rows[i].name, offset);
            cr_expect_eq(count_of(GUEST_MEMORY_ACCESS) > 0, is_aligned, "%s, offset %u",
                         rows[i].name, offset);
        }
    }
}

Test(memory, accesses_split_at_the_page_edge_alone)
{
    for (unsigned offset = 0xff0; offset <= 0x1000; offset++) {
        guest_init(&guest, GUEST_LONG64);
        uint64_t address = GUEST_DEVICE + offset;
        guest_set64(&guest, WHvX64RegisterRbx, address);
        guest_set64(&guest, WHvX64RegisterRax, 0x8877665544332211);
        guest_map(&guest, GUEST_DEVICE + 0x1000, 0x3000, WHvTranslateGvaResultSuccess, 0);
        if (offset == 0x1000)
            guest.pages[0].gpa = address;
        run_memory(GUEST_LONG64, WHvMemoryAccessWrite, address, BYTES(0x48, 0x89, 0x03));
        unsigned first = offset > 0xff8 && offset < 0x1000 ? 0x1000 - offset : 8;
        const struct guest_event *low = event_of(GUEST_MEMORY_ACCESS, 0);
        cr_expect_eq(low->address, address);
        cr_expect_eq(low->size, first, "offset %#x", offset);
        cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), first < 8 ? 2u : 1u, "offset %#x", offset);
        if (first == 8)
            continue;
        const struct guest_event *high = event_of(GUEST_MEMORY_ACCESS, 1);
        cr_expect_eq(high->address, 0x3000, "the other page, not the next physical one");
        cr_expect_eq(high->size, 8 - first);
        cr_expect_eq(low->data | high->data << (8 * first), 0x8877665544332211);
    }
}

Test(memory, both_pages_are_translated_before_either_is_touched)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, GUEST_DEVICE + 0xffe);
    guest_map(&guest, GUEST_DEVICE + 0x1000, 0, WHvTranslateGvaResultPageNotPresent, 0);
    run_memory(GUEST_LONG64, WHvMemoryAccessRead, GUEST_DEVICE + 0xffe, BYTES(0x48, 0x8b, 0x03));
    cr_expect_eq(injected_vector(), 14);
    cr_expect_eq(injected_parameter(), GUEST_DEVICE + 0x1000);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 0);
}
