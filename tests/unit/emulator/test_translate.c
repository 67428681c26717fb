/* SPDX-License-Identifier: MIT */
#include "run.h"

/* mov [rbx], eax or mov eax, [rbx] with RBX = address. */
static uint32_t run(struct guest_exit *exit, uint64_t address, bool is_load)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, address);
    const uint8_t code[] = {is_load ? 0x8b : 0x89, 0x03};
    struct guest_exit fresh =
        guest_memory_exit(&guest, GUEST_LONG64,
                          is_load ? WHvMemoryAccessRead : WHvMemoryAccessWrite, address, code, 2);
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
        bool is_load;
        bool is_used;
    } rows[] = {
        {"a load after a read exit", 0, true, 0x5010, 0xfee00010, 0x5010, true, true},
        {"elsewhere in the page", 0, true, 0x5010, 0xfee00010, 0x5800, true, true},
        {"a store after a write exit", 1, true, 0x5010, 0xfee00010, 0x5010, false, true},
        {"a store after a read exit", 0, true, 0x5010, 0xfee00010, 0x5010, false, false},
        {"a load after a write exit", 1, true, 0x5010, 0xfee00010, 0x5010, true, false},
        {"a load after an execute exit", 2, true, 0x5010, 0xfee00010, 0x5010, true, false},
        {"no valid Gva", 0, false, 0x5010, 0xfee00010, 0x5010, true, false},
        {"another page", 0, true, 0x6010, 0xfee00010, 0x5010, true, false},
        {"page offsets differ", 0, true, 0x5010, 0xfee00018, 0x5010, true, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guest_exit exit = {.memory = {.Gva = rows[i].gva, .Gpa = rows[i].gpa}};
        exit.memory.AccessInfo.AccessType = rows[i].type & 3;
        exit.memory.AccessInfo.GvaValid = rows[i].valid;
        cr_expect_eq(run(&exit, rows[i].address, rows[i].is_load), 1, "%s", rows[i].name);
        cr_expect_eq(count_of(GUEST_TRANSLATE), rows[i].is_used ? 0u : 1u, "%s", rows[i].name);
        uint64_t page = rows[i].is_used ? 0xfee00000 : rows[i].address & ~UINT64_C(0xfff);
        cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->address, page | (rows[i].address & 0xfff),
                     "%s", rows[i].name);
    }
}

Test(translate, asks_with_the_intent_and_for_the_page_table_bits)
{
    struct guest_exit exit = {.memory = {.Gva = 0}};
    run(&exit, 0x5123, true);
    cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->size, 0x11);
    cr_expect_eq(event_of(GUEST_TRANSLATE, 0)->address, 0x5000);
    run(&exit, 0x5123, false);
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
                {WHvTranslateGvaResultGpaUnmapped, 1, 13, 0, 0},
                {WHvTranslateGvaResultGpaNoReadAccess, 1, 13, 0, 0},
                {WHvTranslateGvaResultGpaNoWriteAccess, 1, 13, 0, 0},
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
            struct guest_exit exit =
                guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessRead, 0x5678, code, 2);
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
