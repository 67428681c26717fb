/* SPDX-License-Identifier: MIT */
/* exec_port.c and port.c. */
#include <string.h>

#include "run.h"

Test(port, in_keeps_or_clears_the_rest_of_rax)
{
    static const struct {
        unsigned size;
        uint64_t rax;
    } rows[] = {{1, 0x88776655443322ef}, {2, 0x887766554433beef}, {4, 0xdeadbeef}};
    for (size_t i = 0; i < 3; i++) {
        guest_init(&guest, GUEST_LONG64);
        guest.port_data = 0xdeadbeef;
        guest_set64(&guest, WHvX64RegisterRax, 0x8877665544332211);
        struct guest_exit exit = guest_io_exit(&guest, GUEST_LONG64, 0x3f8, rows[i].size, false,
                                               false, BYTES(0xec, 0x90));
        cr_expect_eq(run_exit(&exit).status, 1);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), rows[i].rax, "size %u", rows[i].size);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1002, "InstructionLength counts");
        cr_expect_eq(guest.log_count, 2, "the port and Set");
    }
}

Test(port, out_sends_the_low_part_of_rax)
{
    static const uint64_t data[] = {0x11, 0x2211, 0, 0x44332211};
    for (unsigned size = 1; size <= 4; size *= 2) {
        guest_init(&guest, GUEST_REAL16);
        guest_set64(&guest, WHvX64RegisterRax, 0x8877665544332211);
        struct guest_exit exit =
            guest_io_exit(&guest, GUEST_REAL16, 0x3f8, size, true, false, BYTES(0xee));
        cr_expect_eq(run_exit(&exit).status, 1);
        cr_expect_eq(event_of(GUEST_IO, 0)->data, data[size - 1]);
        cr_expect_eq(event_of(GUEST_IO, 0)->address, 0x3f8);
        cr_expect_eq(guest.log_count, 2);
    }
}

Test(port, a_simple_access_needs_no_instruction_bytes)
{
    guest_init(&guest, GUEST_LONG64);
    struct guest_exit exit =
        guest_io_exit(&guest, GUEST_LONG64, 0x60, 1, false, false, BYTES(0x06));
    exit.io.InstructionByteCount = 0;
    exit.vp.InstructionLength = 2;
    cr_expect_eq(run_exit(&exit).status, 1);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 0);
}

Test(port, string_exits_must_match_what_was_fetched)
{
    static const struct {
        const char *name;
        uint8_t code[3];
        uint8_t length;
        unsigned size;
        bool is_write;
        unsigned vector;
    } rows[] = {{"insb", {0x6c}, 1, 1, false, 0},
                {"outsd", {0x6f}, 1, 4, true, 0},
                {"outsb for insb", {0x6e}, 1, 1, false, 13},
                {"insb for outsb", {0x6c}, 1, 1, true, 13},
                {"insw for insb", {0x66, 0x6d}, 2, 1, false, 13},
                {"in for insb", {0xec}, 1, 1, false, 13},
                {"mov for insb", {0x8a, 0x03}, 2, 1, false, 13},
                {"movsb for insb", {0xa4}, 1, 1, false, 13},
                {"fadd, which has no row, for insb", {0xd8, 0x03}, 2, 1, false, 13}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRsi, 0x5000);
        guest_set64(&guest, WHvX64RegisterRdi, 0x6000);
        struct guest_exit exit =
            guest_io_exit(&guest, GUEST_LONG64, 0x1f0, rows[i].size, rows[i].is_write, true,
                          rows[i].code, rows[i].length);
        cr_expect_eq(run_exit(&exit).status, 1, "%s", rows[i].name);
        cr_expect_eq(injected_vector(), rows[i].vector, "%s", rows[i].name);
        if (rows[i].vector)
            cr_expect_eq(count_of(GUEST_IO) + count_of(GUEST_MEMORY_ACCESS), 0, "%s", rows[i].name);
    }
}

Test(port, string_exits_take_their_registers_from_the_context)
{
    guest_init(&guest, GUEST_PROT32);
    memset(guest.memory + 0x7000, 0x77, 4);
    struct guest_exit exit =
        guest_io_exit(&guest, GUEST_PROT32, 0x1f0, 1, true, true, BYTES(0xf3, 0x6e));
    exit.io.Rsi = 0x2000;
    exit.io.Rcx = 2;
    exit.io.Ds.Base = 0x5000;
    cr_expect_eq(run_exit(&exit).status, 1);
    cr_expect_eq(count_of(GUEST_GET), 0);
    cr_expect_eq(event_of(GUEST_IO, 1)->data, 0x77);
    cr_expect_eq(event_of(GUEST_IO, 1)->address, 0x1f0, "DX is not asked for");
}

static unsigned run_in(enum guest_mode mode, unsigned cpl, unsigned iopl)
{
    guest_set64(&guest, WHvX64RegisterRflags, (mode == GUEST_VM86 ? 0x20002u : 2u) | iopl << 12);
    guest_set64(&guest, WHvX64RegisterRdx, 0x3fd);
    struct guest_exit exit =
        guest_memory_exit(&guest, mode, WHvMemoryAccessExecute, 0x1000, BYTES(0xed));
    exit.vp.ExecutionState.Cpl = cpl & 3;
    cr_expect_eq(run_exit(&exit).status, 1);
    return injected_vector();
}

static void add_tss(unsigned type, uint32_t limit, uint16_t map)
{
    WHV_X64_SEGMENT_REGISTER tr = {.Base = 0x7000, .Limit = limit, .Selector = 0x28};
    tr.SegmentType = type & 15;
    tr.Present = 1;
    guest_reg(&guest, WHvX64RegisterTr)->Segment = tr;
    memcpy(guest.memory + 0x7066, &map, 2);
}

Test(port, iopl_and_the_permission_map_decide_on_execute_exits)
{
    static const struct {
        const char *name;
        enum guest_mode mode;
        unsigned cpl, iopl;
        unsigned type;
        uint32_t limit;
        uint8_t map[2]; /* of ports 0x3f8 to 0x407 */
        unsigned vector;
    } rows[] = {
        {"CPL 0", GUEST_PROT32, 0, 0, 11, 0, {0xff, 0xff}, 0},
        {"CPL 3, IOPL 3", GUEST_PROT32, 3, 3, 11, 0, {0xff, 0xff}, 0},
        {"allowed by the map", GUEST_PROT32, 3, 0, 11, 0xffff, {0x1f, 0xfe}, 0},
        {"one of four ports forbidden", GUEST_PROT32, 3, 0, 11, 0xffff, {0x1f, 0x01}, 13},
        {"the first port forbidden", GUEST_PROT32, 3, 0, 11, 0xffff, {0x20, 0x00}, 13},
        {"available TSS", GUEST_PROT32, 3, 0, 9, 0xffff, {0, 0}, 0},
        {"a 16-bit TSS has no map", GUEST_PROT32, 3, 0, 3, 0xffff, {0, 0}, 13},
        {"both bytes within the limit", GUEST_PROT32, 3, 0, 11, 0x68 + 0x80, {0, 0}, 0},
        {"the second byte past the limit", GUEST_PROT32, 3, 0, 11, 0x68 + 0x7f, {0, 0}, 13},
        {"a limit before the map's base", GUEST_PROT32, 3, 0, 11, 0x66, {0, 0}, 13},
        {"vm86 with IOPL 3 asks the map", GUEST_VM86, 3, 3, 11, 0xffff, {0xff, 0xff}, 13},
        {"vm86 allowed by the map", GUEST_VM86, 3, 0, 11, 0xffff, {0, 0}, 0},
        {"real mode", GUEST_REAL16, 0, 0, 0, 0, {0xff, 0xff}, 0},
        {"64-bit mode", GUEST_LONG64, 3, 0, 11, 0xffff, {0xff, 0xff}, 13},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, rows[i].mode);
        add_tss(rows[i].type, rows[i].limit, 0x68);
        memcpy(guest.memory + 0x7068 + 0x7f, rows[i].map, 2);
        cr_expect_eq(run_in(rows[i].mode, rows[i].cpl, rows[i].iopl), rows[i].vector, "%s",
                     rows[i].name);
        cr_expect_eq(injected_code(), 0, "%s", rows[i].name);
        cr_expect_eq(count_of(GUEST_IO), rows[i].vector ? 0u : 1u, "%s", rows[i].name);
    }
}

Test(port, rep_with_count_0_checks_permission_too)
{
    guest_init(&guest, GUEST_PROT32);
    struct guest_exit exit =
        guest_memory_exit(&guest, GUEST_PROT32, WHvMemoryAccessExecute, 0x1000, BYTES(0xf3, 0x6c));
    exit.vp.ExecutionState.Cpl = 3;
    cr_expect_eq(run_exit(&exit).status, 1);
    cr_expect_eq(injected_vector(), 13);
}

Test(port, the_permission_map_is_read_as_supervisor_two_bytes_at_a_time)
{
    guest_init(&guest, GUEST_PROT32);
    add_tss(11, 0x2fff, 0x1f80); /* the map's bytes for port 0x3fd: 0x7000 + 0x1f80 + 0x7f */
    guest_map(&guest, 0x9000, 0xc000, WHvTranslateGvaResultSuccess, 0);
    cr_expect_eq(run_in(GUEST_PROT32, 3, 0), 0);
    const struct guest_event *base = event_of(GUEST_MEMORY_ACCESS, 0);
    cr_expect_eq(base->address, 0x7066);
    cr_expect_eq(base->size, 2);
    const struct guest_event *low = event_of(GUEST_MEMORY_ACCESS, 1);
    const struct guest_event *high = event_of(GUEST_MEMORY_ACCESS, 2);
    cr_expect_eq(low->address, 0x8fff, "across a page");
    cr_expect_eq(low->size, 1);
    cr_expect_eq(high->address, 0xc000);
    cr_expect_eq(high->size, 1);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 3);
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(event_of(GUEST_TRANSLATE, i)->size, 0x19, "translation %zu", i);
    guest.memory[0xc000] = 1; /* port 0x400, the fourth of four */
    cr_expect_eq(run_in(GUEST_PROT32, 3, 0), 13);
}

Test(port, a_tss_that_cannot_be_read_is_a_page_fault)
{
    guest_init(&guest, GUEST_PROT32);
    add_tss(11, 0x2fff, 0x68);
    guest_map(&guest, 0x7000, 0, WHvTranslateGvaResultPageNotPresent, 0);
    cr_expect_eq(run_in(GUEST_PROT32, 3, 0), 14);
    cr_expect_eq(injected_parameter(), 0x7066);
    cr_expect_eq(injected_code(), 0, "not the user's doing");
    cr_expect_eq(count_of(GUEST_IO), 0);
}

Test(port, a_tss_above_4_gib_counts_in_long_mode_alone)
{
    static const struct {
        enum guest_mode mode;
        uint64_t page;
    } rows[] = {{GUEST_PROT32, 0x7000}, {GUEST_COMPAT32, 0x100007000}, {GUEST_LONG64, 0x100007000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, rows[i].mode);
        add_tss(11, 0x2fff, 0x68);
        guest_reg(&guest, WHvX64RegisterTr)->Segment.Base = 0x100007000;
        guest_map(&guest, 0x100007000, 0x7000, WHvTranslateGvaResultSuccess, 0);
        cr_expect_eq(run_in(rows[i].mode, 3, 0), 0, "row %zu", i);
        cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->address, rows[i].page, "row %zu", i);
    }
}
