/* SPDX-License-Identifier: MIT */
/*
 * What the differential test against the processor cannot see: which accesses an instruction makes,
 * and what needs XMM registers or instructions that few processors have.
 */
#include <string.h>

#include "run.h"

#define DEVICE 0xb8000u

/* Runs an instruction of 64-bit code with RBX = RDI = address on an execute exit, so that all is
 * translated. */
static uint32_t run(uint64_t address, const uint8_t *code, size_t size)
{
    guest_set64(&guest, WHvX64RegisterRbx, address);
    guest_set64(&guest, WHvX64RegisterRdi, address);
    return run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x1000, code, size);
}

/* The accesses of the last call: r or w and the size of each. */
static const char *accesses(void)
{
    static char text[64];
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < guest.log_count && used + 4 < sizeof(text); i++) {
        if (guest.log[i].kind != GUEST_MEMORY_ACCESS)
            continue;
        text[used++] = guest.log[i].is_write ? 'w' : 'r';
        text[used++] = (char)('0' + guest.log[i].size);
        text[used] = 0;
    }
    return text;
}

Test(rows, accesses_of_each_family)
{
    static const struct {
        const char *name, *accesses;
        uint8_t code[8];
        uint8_t size;
        uint32_t intent; /* with which the page is translated */
    } rows[] = {
        {"add [rbx], eax", "r4w4", {0x01, 0x03}, 2, 0x13},
        {"add eax, [rbx]", "r4", {0x03, 0x03}, 2, 0x11},
        {"cmp [rbx], al", "r1", {0x38, 0x03}, 2, 0x11},
        {"test [rbx], eax", "r4", {0x85, 0x03}, 2, 0x11},
        {"not word [rbx]", "r2w2", {0x66, 0xf7, 0x13}, 3, 0x13},
        {"lock inc qword [rbx]", "r8w8", {0xf0, 0x48, 0xff, 0x03}, 4, 0x13},
        {"shl dword [rbx], 0: still written", "r4w4", {0xc1, 0x23, 0x00}, 3, 0x13},
        {"shld [rbx], eax, 4", "r4w4", {0x0f, 0xa4, 0x03, 0x04}, 4, 0x13},
        {"bt [rbx], 3", "r4", {0x0f, 0xba, 0x23, 0x03}, 4, 0x11},
        {"bts [rbx], 3", "r4w4", {0x0f, 0xba, 0x2b, 0x03}, 4, 0x13},
        {"xchg [rbx], eax", "r4w4", {0x87, 0x03}, 2, 0x13},
        {"xadd [rbx], eax", "r4w4", {0x0f, 0xc1, 0x03}, 3, 0x13},
        {"cmpxchg [rbx], ecx, not equal", "r4w4", {0x0f, 0xb1, 0x0b}, 3, 0x13},
        {"cmpxchg8b [rbx]", "r8w8", {0x0f, 0xc7, 0x0b}, 3, 0x13},
        {"cmpxchg16b [rbx]", "r8r8w8w8", {0x48, 0x0f, 0xc7, 0x0b}, 4, 0x13},
        {"setz [rbx]", "w1", {0x0f, 0x94, 0x03}, 3, 0x12},
        {"cmovz eax, [rbx], false: still read", "r4", {0x0f, 0x44, 0x03}, 3, 0x11},
        {"mul dword [rbx]", "r4", {0xf7, 0x23}, 2, 0x11},
        {"movnti [rbx], eax", "w4", {0x0f, 0xc3, 0x03}, 3, 0x12},
        {"movbe [rbx], eax", "w4", {0x0f, 0x38, 0xf1, 0x03}, 4, 0x12},
        {"movdiri [rbx], eax", "w4", {0x0f, 0x38, 0xf9, 0x03}, 4, 0x12},
        {"movdqu xmm1, [rbx]", "r8r8", {0xf3, 0x0f, 0x6f, 0x0b}, 4, 0x11},
        {"movntps [rbx], xmm1", "w8w8", {0x0f, 0x2b, 0x0b}, 3, 0x12},
        {"scasb", "r1", {0xae}, 1, 0x11},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRax, 0x1234);
        cr_expect_eq(run(DEVICE, rows[i].code, rows[i].size), 1, "%s", rows[i].name);
        cr_expect_str_eq(accesses(), rows[i].accesses, "%s: %s", rows[i].name, accesses());
        cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->size, rows[i].intent, "%s", rows[i].name);
        cr_expect_eq(count_of(GUEST_TRANSLATE), 1, "%s", rows[i].name);
    }
}

Test(rows, a_read_modify_write_after_a_read_exit_is_translated_with_both_intents)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, DEVICE);
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessRead, DEVICE, BYTES(0x01, 0x03)), 1);
    cr_expect_eq(guest.log_count, 5, "Get, Translate, two accesses, Set");
}

Test(rows, a_page_that_cannot_be_written_costs_no_read)
{
    guest_init(&guest, GUEST_LONG64);
    guest_map(&guest, DEVICE, 0, WHvTranslateGvaResultPrivilegeViolation,
              WHvTranslateGvaFlagValidateWrite);
    run(DEVICE, BYTES(0x01, 0x03));
    cr_expect_eq(injected_vector(), 14);
    cr_expect_eq(injected_code(), 3);
    cr_expect_str_eq(accesses(), "");
}

Test(rows, moves_of_16_bytes_keep_their_order_and_split_at_pages)
{
    static const uint8_t data[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    guest_init(&guest, GUEST_LONG64);
    memcpy(guest.memory + 0x5ffc, data, 16);
    cr_expect_eq(run(0x5ffc, BYTES(0x0f, 0x10, 0x0b)), 1); /* movups xmm1, [rbx] */
    cr_expect_str_eq(accesses(), "r4r8r4");
    WHV_UINT128 xmm1 = guest_reg(&guest, WHvX64RegisterXmm1)->Reg128;
    cr_expect_eq(xmm1.Low64, 0x0706050403020100);
    cr_expect_eq(xmm1.High64, 0x0f0e0d0c0b0a0908);
    cr_expect_eq(run(0x8000, BYTES(0x0f, 0x29, 0x0b)), 1); /* movaps [rbx], xmm1 */
    cr_expect_arr_eq(guest.memory + 0x8000, data, 16);
    cr_expect_eq(count_of(GUEST_GET), 1);
}

Test(rows, aligned_moves_fault_where_they_are_not)
{
    guest_init(&guest, GUEST_LONG64);
    run(0x8008, BYTES(0x66, 0x0f, 0x6f, 0x0b)); /* movdqa */
    cr_expect_eq(injected_vector(), 13);
    guest_init(&guest, GUEST_LONG64);
    run(0x8008, BYTES(0xf3, 0x0f, 0x6f, 0x0b)); /* movdqu */
    cr_expect_eq(injected_vector(), 0);
    guest_init(&guest, GUEST_LONG64);
    run(0x8008, BYTES(0x48, 0x0f, 0xc7, 0x0b)); /* cmpxchg16b */
    cr_expect_eq(injected_vector(), 13);
}

Test(rows, what_is_aligned_is_the_linear_address)
{
    static const struct {
        const char *name;
        enum guest_mode mode;
        WHV_REGISTER_NAME segment;
        uint8_t code[4]; /* movaps [rbx], xmm1, in 64-bit code through GS */
        uint8_t size;
        uint64_t base, offset;
        unsigned vector;
    } rows[] = {
        {"an odd base", GUEST_LONG64, WHvX64RegisterGs, {0x65, 0x0f, 0x29, 0x0b}, 4, 8, 0x8000, 13},
        {"made up for", GUEST_LONG64, WHvX64RegisterGs, {0x65, 0x0f, 0x29, 0x0b}, 4, 8, 0x8008, 0},
        {"an odd base", GUEST_PROT32, WHvX64RegisterDs, {0x0f, 0x29, 0x0b}, 3, 8, 0x8000, 13},
        {"made up for", GUEST_PROT32, WHvX64RegisterDs, {0x0f, 0x29, 0x0b}, 3, 8, 0x8008, 0},
        {"an odd base", GUEST_REAL16, WHvX64RegisterDs, {0x0f, 0x29, 0x0f}, 3, 8, 0x8000, 13},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, rows[i].mode);
        guest_reg(&guest, rows[i].segment)->Segment.Base = rows[i].base;
        guest_set64(&guest, WHvX64RegisterRbx, rows[i].offset);
        run_memory(rows[i].mode, WHvMemoryAccessExecute, 0x1000, rows[i].code, rows[i].size);
        cr_expect_eq(injected_vector(), rows[i].vector, "row %zu: %s", i, rows[i].name);
        cr_expect_eq(injected_code(), 0, "row %zu", i);
        cr_expect_str_eq(accesses(), rows[i].vector ? "" : "w8w8", "row %zu", i);
    }
}

/* movaps [rbp], xmm1: through the stack segment, as AMD family 25 has it. */
Test(rows, alignment_comes_before_canonical_form_and_limits)
{
    static const struct {
        const char *name;
        enum guest_mode mode;
        uint64_t rbp;
        unsigned vector;
    } rows[] = {
        {"not canonical", GUEST_LONG64, 0x0000800000000000, 12},
        {"not canonical and misaligned", GUEST_LONG64, 0x0000800000000008, 13},
        {"misaligned", GUEST_LONG64, 0x8008, 13},
        {"past the limit", GUEST_PROT32, 0x9000, 12},
        {"past the limit and misaligned", GUEST_PROT32, 0x9008, 13},
        {"misaligned", GUEST_PROT32, 0x8008, 13},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, rows[i].mode);
        guest_reg(&guest, WHvX64RegisterSs)->Segment.Limit = 0x8fff;
        guest_set64(&guest, WHvX64RegisterRbp, rows[i].rbp);
        run_memory(rows[i].mode, WHvMemoryAccessExecute, 0x1000, BYTES(0x0f, 0x29, 0x4d, 0x00));
        cr_expect_eq(injected_vector(), rows[i].vector, "%s", rows[i].name);
        cr_expect_eq(injected_code(), 0, "%s", rows[i].name);
    }
}

Test(rows, a_comparison_that_succeeds_stores)
{
    static const struct {
        const char *name, *accesses;
        uint8_t code[4];
        uint8_t size;
        uint8_t bytes; /* of the operand */
    } rows[] = {{"cmpxchg [rbx], cl", "r1w1", {0x0f, 0xb0, 0x0b}, 3, 1},
                {"cmpxchg [rbx], cx", "r2w2", {0x66, 0x0f, 0xb1, 0x0b}, 4, 2},
                {"cmpxchg [rbx], ecx", "r4w4", {0x0f, 0xb1, 0x0b}, 3, 4},
                {"cmpxchg [rbx], rcx", "r8w8", {0x48, 0x0f, 0xb1, 0x0b}, 4, 8},
                {"cmpxchg8b [rdi]", "r8w8", {0x0f, 0xc7, 0x0f}, 3, 8},
                {"cmpxchg16b [rdi]", "r8r8w8w8", {0x48, 0x0f, 0xc7, 0x0f}, 4, 16}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const unsigned half = rows[i].bytes / 2;
        const bool is_pair = rows[i].code[rows[i].size - 1] == 0x0f;
        uint64_t rbx = is_pair ? 0x1716151413121110 : 0x8000;
        uint64_t rcx = 0x2726252423222120;
        uint8_t expected[16];
        guest_init(&guest, GUEST_LONG64);
        for (unsigned b = 0; b < 16; b++)
            guest.memory[0x8000 + b] = (uint8_t)(0x31 + b);
        /* What is above the operand must not be looked at. */
        guest_set64(&guest, WHvX64RegisterRax, UINT64_MAX);
        guest_set64(&guest, WHvX64RegisterRdx, UINT64_MAX);
        memcpy(guest_reg(&guest, WHvX64RegisterRax), guest.memory + 0x8000,
               is_pair ? half : rows[i].bytes);
        if (is_pair)
            memcpy(guest_reg(&guest, WHvX64RegisterRdx), guest.memory + 0x8000 + half, half);
        uint64_t rax = guest_get64(&guest, WHvX64RegisterRax);
        uint64_t rdx = guest_get64(&guest, WHvX64RegisterRdx);
        guest_set64(&guest, WHvX64RegisterRbx, rbx);
        guest_set64(&guest, WHvX64RegisterRcx, rcx);
        guest_set64(&guest, WHvX64RegisterRdi, 0x8000);
        memcpy(expected, guest.memory + 0x8000, 16);
        memcpy(expected, is_pair ? &rbx : &rcx, is_pair ? half : rows[i].bytes);
        if (is_pair)
            memcpy(expected + half, &rcx, half);
        run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x1000, rows[i].code, rows[i].size);
        cr_expect_arr_eq(guest.memory + 0x8000, expected, 16, "%s", rows[i].name);
        cr_expect_str_eq(accesses(), rows[i].accesses, "%s", rows[i].name);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), rax, "%s", rows[i].name);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRdx), rdx, "%s", rows[i].name);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRflags) & 0x40, 0x40, "%s", rows[i].name);
    }
}

Test(rows, a_comparison_of_pairs_that_fails_loads)
{
    for (unsigned turn = 0; turn < 2; turn++) { /* either half alone */
        guest_init(&guest, GUEST_LONG64);
        memset(guest.memory + 0x8000, 0x33, 8);
        guest_set64(&guest, WHvX64RegisterRax, turn == 0 ? 0x33333333 : 0x33333332);
        guest_set64(&guest, WHvX64RegisterRdx, turn == 1 ? 0x33333333 : 0xffffffff33333332);
        guest_set64(&guest, WHvX64RegisterRflags, 0x42);
        cr_expect_eq(run(0x8000, BYTES(0x0f, 0xc7, 0x0b)), 1); /* cmpxchg8b [rbx] */
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), 0x33333333, "turn %u", turn);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRdx), 0x33333333, "turn %u", turn);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRflags), 2, "turn %u", turn);
        cr_expect_str_eq(accesses(), "r8w8");
    }
}

Test(rows, movdir64b_moves_a_line)
{
    guest_init(&guest, GUEST_LONG64);
    for (unsigned i = 0; i < 64; i++)
        guest.memory[0x5fe0 + i] = (uint8_t)(i + 1);
    guest_set64(&guest, WHvX64RegisterRax, 0x8040);
    cr_expect_eq(run(0x5fe0, BYTES(0x66, 0x0f, 0x38, 0xf8, 0x03)), 1); /* movdir64b rax, [rbx] */
    cr_expect_arr_eq(guest.memory + 0x8040, guest.memory + 0x5fe0, 64);
    cr_expect_str_eq(accesses(), "r8r8r8r8r8r8r8r8w8w8w8w8w8w8w8w8");
    guest_set64(&guest, WHvX64RegisterRax, 0x8020);
    run(0x5fe0, BYTES(0x66, 0x0f, 0x38, 0xf8, 0x03));
    cr_expect_eq(injected_vector(), 13, "the destination is aligned to 64 bytes");
    cr_expect_str_eq(accesses(), "");
}

Test(rows, bit_offsets_reach_beyond_the_operand)
{
    static const struct {
        int64_t offset;
        uint64_t address;
        uint32_t data;
    } rows[] = {{0, DEVICE, 1},       {31, DEVICE, 0x80000000},
                {32, DEVICE + 4, 1},  {-1, DEVICE - 4, 0x80000000},
                {-32, DEVICE - 4, 1}, {1000, DEVICE + 124, 0x100}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRcx, (uint64_t)rows[i].offset);
        run(DEVICE, BYTES(0x0f, 0xbb, 0x0b)); /* btc [rbx], ecx */
        const struct guest_event *read = event_of(GUEST_MEMORY_ACCESS, 0);
        const struct guest_event *write = event_of(GUEST_MEMORY_ACCESS, 1);
        uint32_t old = 0;
        for (unsigned b = 0; b < 4; b++)
            old |= (uint32_t)guest_device_byte(rows[i].address + b) << (8 * b);
        cr_expect_eq(read->address, rows[i].address, "offset %d", (int)rows[i].offset);
        cr_expect_eq(write->data, old ^ rows[i].data, "offset %d", (int)rows[i].offset);
    }
}

Test(rows, push_and_pop_between_a_device_and_the_stack)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRsp, 0x9000);
    cr_expect_eq(run(GUEST_DEVICE, BYTES(0xff, 0x33)), 1); /* push qword [rbx] */
    cr_expect_str_eq(accesses(), "r8w8");
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRsp), 0x8ff8);
    cr_expect_eq(guest.memory[0x8ff8], guest_device_byte(GUEST_DEVICE));
    cr_expect_eq(run(GUEST_DEVICE, BYTES(0x8f, 0x03)), 1); /* pop qword [rbx] */
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRsp), 0x9000);
    cr_expect_eq(run(0, BYTES(0x8f, 0x04, 0x24)), 1); /* pop [rsp]: the new rsp */
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 1)->address, 0x9008);
}

Test(rows, a_stack_that_faults_costs_the_device_no_read)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRsp, 0x9000);
    guest_map(&guest, 0x8000, 0, WHvTranslateGvaResultPageNotPresent, 0);
    run(GUEST_DEVICE, BYTES(0xff, 0x33));
    cr_expect_eq(injected_vector(), 14);
    cr_expect_str_eq(accesses(), "");
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRsp), 0x9000);
}

Test(rows, comparisons_stop_at_their_condition)
{
    static const struct {
        uint8_t prefix;
        uint8_t bytes[4];
        uint64_t rcx;
        bool zero;
    } rows[] = {{0xf3, {5, 5, 5, 5}, 0, true},
                {0xf3, {5, 5, 6, 5}, 1, false},
                {0xf3, {5, 5, 5, 6}, 0, false},
                {0xf2, {6, 6, 5, 6}, 1, true},
                {0xf2, {6, 6, 6, 6}, 0, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRax, 5);
        guest_set64(&guest, WHvX64RegisterRcx, 4);
        memcpy(guest.memory + 0x5000, rows[i].bytes, 4);
        cr_expect_eq(run(0x5000, (const uint8_t[]){rows[i].prefix, 0xae}, 2), 1); /* rep scasb */
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRcx), rows[i].rcx, "row %zu", i);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRdi), 0x5004 - rows[i].rcx, "row %zu", i);
        cr_expect_eq((guest_get64(&guest, WHvX64RegisterRflags) >> 6 & 1) != 0, rows[i].zero);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1002, "row %zu", i);
    }
}

/* Where both sides fault the manuals leave the order open: AMD family 25 does this. */
Test(rows, comparisons_look_at_rdi_first_but_for_repe_of_bytes)
{
    static const struct {
        const char *name;
        uint8_t code[2];
        uint8_t size;
        uint64_t address;
    } rows[] = {{"cmpsb", {0xa6}, 1, 0x7000},
                {"repe cmpsb", {0xf3, 0xa6}, 2, 0x6000},
                {"repne cmpsb", {0xf2, 0xa6}, 2, 0x7000},
                {"repe cmpsd", {0xf3, 0xa7}, 2, 0x7000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_map(&guest, 0x6000, 0, WHvTranslateGvaResultPageNotPresent, 0);
        guest_map(&guest, 0x7000, 0, WHvTranslateGvaResultPageNotPresent, 0);
        guest_set64(&guest, WHvX64RegisterRcx, 1);
        guest_set64(&guest, WHvX64RegisterRsi, 0x6000);
        run(0x7000, rows[i].code, rows[i].size);
        cr_expect_eq(injected_parameter(), rows[i].address, "%s", rows[i].name);
    }
}

Test(rows, a_comparison_that_stopped_under_single_step_is_finished)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRcx, 4);
    guest_set64(&guest, WHvX64RegisterRflags, 0x102);
    guest.memory[0x5000] = 1;
    run(0x5000, BYTES(0xf3, 0xae)); /* repe scasb: not equal at once */
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1002);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRcx), 3);
    guest_set64(&guest, WHvX64RegisterRip, 0x1000);
    guest.memory[0x5000] = 0;
    run(0x5000, BYTES(0xf3, 0xae)); /* equal: there is more to do */
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1000);
}

Test(rows, a_division_that_does_not_fit_is_a_divide_error)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRdx, 1);
    run(0x5000, BYTES(0xf7, 0x33)); /* div dword [rbx]: by 0 */
    cr_expect(guest_reg(&guest, WHvRegisterPendingEvent)->ExceptionEvent.EventPending);
    cr_expect_eq(injected_vector(), 0);
    cr_expect(!injected_has_code());
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1000);
}
