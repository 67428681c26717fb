/* SPDX-License-Identifier: MIT */
#include "run.h"

#define LOAD   0xad /* lodsd */
#define STORE  0xab /* stosd */
#define MODIFY 0x00 /* bts [rbx], eax */

/* An instruction whose address is always computed, at the address. */
static uint32_t run(const struct guest_exit *exit, uint64_t address, uint8_t opcode)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, address);
    guest_set64(&guest, WHvX64RegisterRsi, address);
    guest_set64(&guest, WHvX64RegisterRdi, address);
    const uint8_t string[] = {opcode, 0x90, 0x90};
    const uint8_t modify[] = {0x0f, 0xab, 0x03};
    struct guest_exit fresh = guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessRead, address,
                                                opcode == MODIFY ? modify : string, 3);
    fresh.memory.AccessInfo = exit->memory.AccessInfo;
    fresh.memory.Gva = exit->memory.Gva;
    fresh.memory.Gpa = exit->memory.Gpa;
    return run_exit(&fresh).status;
}

Test(translate, the_exits_own_translation_is_used_only_where_it_fits)
{
    static const struct {
        const char *name;
        uint32_t type;
        bool valid;
        uint64_t gva, gpa;
        uint64_t address;
        uint8_t opcode;
        bool is_used;
    } rows[] = {
        {"a load after a read exit", 0, true, 0x5010, 0xfee00010, 0x5010, LOAD, true},
        {"elsewhere in the page", 0, true, 0x5010, 0xfee00010, 0x5800, LOAD, true},
        {"a store after a write exit", 1, true, 0x5010, 0xfee00010, 0x5010, STORE, true},
        {"a modification after a read exit", 0, true, 0x5010, 0xfee00010, 0x5010, MODIFY, false},
        {"a modification after a write exit", 1, true, 0x5010, 0xfee00010, 0x5010, MODIFY, true},
        {"a load after an execute exit", 2, true, 0x5010, 0xfee00010, 0x5010, LOAD, false},
        {"no valid Gva", 0, false, 0x5010, 0xfee00010, 0x5010, LOAD, false},
        {"another page", 0, true, 0x6010, 0xfee00010, 0x5010, LOAD, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guest_exit exit = {.memory = {.Gva = rows[i].gva, .Gpa = rows[i].gpa}};
        exit.memory.AccessInfo.AccessType = rows[i].type & 3;
        exit.memory.AccessInfo.GvaValid = rows[i].valid;
        cr_expect_eq(run(&exit, rows[i].address, rows[i].opcode), 1, "%s", rows[i].name);
        cr_expect_eq(count_of(GUEST_TRANSLATE), rows[i].is_used ? 0u : 1u, "%s", rows[i].name);
        uint64_t page = rows[i].is_used ? 0xfee00000 : rows[i].address & ~UINT64_C(0xfff);
        cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->address, page | (rows[i].address & 0xfff),
                     "%s", rows[i].name);
    }
}

Test(translate, asks_with_the_intent_and_for_the_page_table_bits)
{
    struct guest_exit exit = {.memory = {.Gva = 0}};
    run(&exit, 0x5123, LOAD);
    cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->size, 0x11);
    cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->address, 0x5000);
    run(&exit, 0x5123, MODIFY);
    cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->size, 0x13);
    exit.memory.AccessInfo.AccessType = WHvMemoryAccessWrite;
    run(&exit, 0x5123, STORE);
    cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->size, 0x12);
}

Test(translate, results_become_faults_or_failures)
{
    static const struct {
        WHV_TRANSLATE_GVA_RESULT_CODE result;
        uint32_t status;
        unsigned vector;
        uint32_t load_code, store_code;
    } rows[] = {{WHvTranslateGvaResultPageNotPresent, 1, 14, 0, 2},
                {WHvTranslateGvaResultPrivilegeViolation, 1, 14, 1, 3},
                {WHvTranslateGvaResultInvalidPageTableFlags, 1, 14, 9, 11},
                {WHvTranslateGvaResultGpaIllegalOverlayAccess, 1, 13, 0, 0},
                {WHvTranslateGvaResultIntercept, 2, 0, 0, 0},
                {(WHV_TRANSLATE_GVA_RESULT_CODE)9, 2, 0, 0, 0},
                {(WHV_TRANSLATE_GVA_RESULT_CODE)INT32_MAX, 2, 0, 0, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned turn = 0; turn < 4; turn++) {
            bool is_load = turn & 1;
            bool is_user = turn & 2;
            guest_init(&guest, GUEST_LONG64);
            guest_map(&guest, 0x5000, 0x5000, rows[i].result, 0);
            guest_set64(&guest, WHvX64RegisterRbx, 0x5678);
            const uint8_t code[] = {is_load ? 0x8b : 0x89, 0x03};
            struct guest_exit exit = guest_memory_exit(
                &guest, GUEST_LONG64, is_load ? WHvMemoryAccessRead : WHvMemoryAccessWrite, 0x5678,
                code, 2);
            exit.memory.AccessInfo.GvaValid = 0;
            exit.vp.ExecutionState.Cpl = is_user ? 3 : 0;
            cr_expect_eq(run_exit(&exit).status, rows[i].status, "row %zu", i);
            cr_expect_eq(injected_vector(), rows[i].vector, "row %zu", i);
            if (rows[i].vector != 14)
                continue;
            uint32_t expected =
                (is_load ? rows[i].load_code : rows[i].store_code) | (is_user ? 4 : 0);
            cr_expect_eq(injected_code(), expected, "row %zu, turn %u: %#x", i, turn,
                         injected_code());
            cr_expect_eq(injected_parameter(), 0x5678, "row %zu", i);
        }
    }
}

static const WHV_TRANSLATE_GVA_RESULT_CODE walked[] = {WHvTranslateGvaResultGpaUnmapped,
                                                       WHvTranslateGvaResultGpaNoReadAccess,
                                                       WHvTranslateGvaResultGpaNoWriteAccess};

Test(translate, a_page_that_is_a_device_is_no_fault)
{
    static const enum guest_mode modes[] = {GUEST_REAL16, GUEST_PROT32, GUEST_LONG64};
    for (unsigned i = 0; i < 3 * 3; i++) {
        const enum guest_mode mode = modes[i / 3];
        guest_init(&guest, mode);
        guest_map(&guest, 0x5000, 0x9000, walked[i % 3], 0);
        guest_set64(&guest, WHvX64RegisterRbx, 0x5678);
        const uint8_t code[] = {0x89, mode == GUEST_REAL16 ? 0x07 : 0x03};
        struct guest_exit exit =
            guest_memory_exit(&guest, mode, WHvMemoryAccessWrite, 0x5678, code, 2);
        exit.memory.AccessInfo.GvaValid = 0;
        cr_expect_eq(run_exit(&exit).status, 1);
        cr_expect_eq(injected_vector(), 0, "row %u", i);
        cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->address, 0x9678, "row %u", i);
    }
}

Test(translate, the_exits_page_keeps_its_address_whatever_stands_beside_unmapped)
{
    for (unsigned i = 0; i < 2 * 3; i++) {
        const bool leaves_gpa = i % 2;
        guest_init(&guest, GUEST_LONG64);
        guest_map(&guest, 0x5000, 0x9000, walked[i / 2], 0);
        guest_set64(&guest, WHvX64RegisterRbx, 0x5678);
        guest.answer = (struct guest_answer){
            .at = leaves_gpa, .result = walked[i / 2], .leaves_gpa = leaves_gpa};
        struct guest_exit exit =
            guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessRead, 0x5678, BYTES(0x01, 0x03));
        exit.memory.Gpa = 0xfee00678;
        cr_expect_eq(run_exit(&exit).status, 1);
        cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->address, 0xfee00678, "row %u", i);
        cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 1)->address, 0xfee00678, "row %u", i);
    }
}

Test(translate, an_address_that_nobody_told_is_a_failure)
{
    for (unsigned i = 0; i < 3; i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRbx, 0x5678);
        guest.answer = (struct guest_answer){.at = 1, .result = walked[i], .leaves_gpa = true};
        struct guest_exit exit = guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessExecute,
                                                   0x6678, BYTES(0x8b, 0x03));
        cr_expect_eq(run_exit(&exit).status, 2);
        cr_expect_eq(count_of(GUEST_MEMORY_ACCESS) + count_of(GUEST_SET), 0);
    }
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, 0x5678);
    guest.answer = (struct guest_answer){.at = 1, .leaves_gpa = true};
    run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x6678, BYTES(0x8b, 0x03));
    cr_expect_eq(run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x6678, BYTES(0x8b, 0x03)),
                 1u << 5, "success without an address is one that is not aligned");
}

Test(translate, an_unaligned_answer_has_its_own_status)
{
    struct guest_exit exit = {.memory = {.Gva = 0}};
    guest_init(&guest, GUEST_LONG64);
    guest_map(&guest, 0x5000, 0x5800, WHvTranslateGvaResultSuccess, 0);
    guest_set64(&guest, WHvX64RegisterRbx, 0x5678);
    exit = guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessRead, 0xb8000, BYTES(0x8b, 0x03));
    cr_expect_eq(run_exit(&exit).status, 1u << 5);
}

Test(translate, a_page_is_asked_for_once_per_purpose)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRcx, 100);
    guest_set64(&guest, WHvX64RegisterRsi, 0x5000);
    guest_set64(&guest, WHvX64RegisterRdi, 0x5800); /* the same page is read and written */
    run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0xb8000, BYTES(0xf3, 0xa4));
    cr_expect_eq(count_of(GUEST_TRANSLATE), 2);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 200);
}
