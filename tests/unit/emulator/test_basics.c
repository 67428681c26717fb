/* SPDX-License-Identifier: MIT */
/* bits.h, mode.h, regs.h and host.c: what everything else stands on. */
#include "bits.h"
#include "decode_cache.h"
#include "mode.h"
#include "regs.h"
#include "run.h"

Test(bits, masks_have_as_many_bytes_as_asked_for)
{
    uint64_t expected = 0;
    for (unsigned size = 1; size <= 8; size++) {
        expected = expected << 8 | 0xff;
        cr_expect_eq(whe_mask_from_size(size), expected, "size %u", size);
    }
}

Test(bits, sign_extension_copies_the_top_bit)
{
    static const struct {
        uint64_t value;
        unsigned size;
        uint64_t expected;
    } rows[] = {{0x80, 1, 0xffffffffffffff80},
                {0x7f, 1, 0x7f},
                {0xff7f, 1, 0x7f},
                {0x8000, 2, 0xffffffffffff8000},
                {0x80000000, 4, 0xffffffff80000000},
                {0x7fffffff, 4, 0x7fffffff},
                {0x8000000000000000, 8, 0x8000000000000000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect_eq(whe_sign_extend(rows[i].value, rows[i].size), rows[i].expected, "row %zu", i);
}

Test(mode, follows_the_exit_context)
{
    static const struct {
        bool pe, lma, vm, cs_long, cs_default;
        enum whe_code code;
        bool is_protected, is_vm86;
    } rows[] = {{false, false, false, false, false, WHE_CODE16, false, false},
                {false, false, false, false, true, WHE_CODE32, false, false}, /* PE = 0, D = 1 */
                {true, false, false, false, false, WHE_CODE16, true, false},
                {true, false, false, false, true, WHE_CODE32, true, false},
                {true, false, true, false, true, WHE_CODE16, false, true},
                {true, false, false, true, true, WHE_CODE32, true, false}, /* L without LMA */
                {true, true, false, false, true, WHE_CODE32, true, false},
                {true, true, false, false, false, WHE_CODE16, true, false},
                {true, true, false, true, false, WHE_CODE64, true, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WHV_X64_VP_EXECUTION_STATE state = {.AsUINT16 = 0};
        WHV_X64_SEGMENT_REGISTER cs = {.Base = 0};
        struct whe_mode mode;
        state.Cr0Pe = rows[i].pe;
        state.EferLma = rows[i].lma;
        cs.Long = rows[i].cs_long;
        cs.Default = rows[i].cs_default;
        whe_mode_from_exit(state, &cs, rows[i].vm ? WHE_RFLAGS_VM : 0, &mode);
        cr_expect_eq(mode.code, rows[i].code, "row %zu", i);
        cr_expect_eq(mode.protected_mode, rows[i].is_protected, "row %zu", i);
        cr_expect_eq(mode.vm86, rows[i].is_vm86, "row %zu", i);
        cr_expect_eq(mode.cpl, rows[i].is_vm86 ? 3 : 0, "row %zu", i);
    }
}

Test(mode, alignment_is_checked_for_cpl_3_with_am_and_ac)
{
    for (unsigned bits = 0; bits < 8; bits++) {
        WHV_X64_VP_EXECUTION_STATE state = {.AsUINT16 = 0};
        WHV_X64_SEGMENT_REGISTER cs = {.Base = 0};
        struct whe_mode mode;
        state.Cr0Pe = 1;
        state.Cpl = bits & 1 ? 3 : 2;
        state.Cr0Am = bits >> 1 & 1;
        whe_mode_from_exit(state, &cs, bits & 4 ? WHE_RFLAGS_AC : 0, &mode);
        cr_expect_eq(mode.check_alignment, bits == 7, "bits %u", bits);
    }
}

/* What the mode depends on tells keys apart, and no exit has the key of an empty entry. */
Test(mode, equal_keys_mean_equal_modes)
{
    const WHV_VP_EXIT_CONTEXT zero = {.Rip = 1};
    const uint64_t key = whe_mode_key_with_flags(&zero);
    static const uint64_t flags[] = {WHE_RFLAGS_VM, WHE_RFLAGS_AC, WHE_RFLAGS_RF, WHE_RFLAGS_TF};
    cr_expect_neq(key, 0);
    cr_expect_eq(key, whe_mode_key(&zero));
    for (unsigned bit = 0; bit < 16; bit++) {
        WHV_VP_EXIT_CONTEXT state = {.ExecutionState.AsUINT16 = (UINT16)(1u << bit)};
        WHV_VP_EXIT_CONTEXT cs = {.Cs.Attributes = (UINT16)(1u << bit)};
        cr_expect_neq(whe_mode_key_with_flags(&state), key, "state bit %u", bit);
        cr_expect_neq(whe_mode_key_with_flags(&cs), key, "attribute bit %u", bit);
        cr_expect_neq(whe_mode_key_with_flags(&cs), whe_mode_key_with_flags(&state), "bit %u", bit);
    }
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        WHV_VP_EXIT_CONTEXT vp = {.Rflags = flags[i]};
        cr_expect_neq(whe_mode_key_with_flags(&vp), key, "flag %zu", i);
    }
    WHV_VP_EXIT_CONTEXT others = {.Rflags = ~WHE_RFLAGS_MODE, .Cs.Base = 1, .Cs.Limit = 1};
    cr_expect_eq(whe_mode_key_with_flags(&others), key, "the mode does not depend on these");
}

Test(cache, hits_only_for_the_same_mode_and_bytes)
{
    static struct whe_decode_cache cache;
    struct whe_mode mode = {.cpl = 3};
    struct whe_insn insn = {.length = 2};
    uint8_t bytes[16] = {0x8b, 0x03, 0x11, 0x22};
    cr_expect_null(whe_cache_find(&cache, 6, 0x1000, bytes, 16), "empty");
    const struct whe_insn *stored = whe_cache_store(&cache, 6, &mode, 0x1000, bytes, &insn);
    const union whe_cache_entry *entry = whe_cache_find(&cache, 6, 0x1000, bytes, 16);
    cr_assert_not_null(entry);
    cr_expect_eq(&entry->insn, stored);
    cr_expect_eq(entry->mode.cpl, 3);
    cr_expect_eq(whe_cache_find(&cache, 6, 0x1000, bytes, 2), entry, "exactly its bytes");
    cr_expect_null(whe_cache_find(&cache, 6, 0x1000, bytes, 1), "too few bytes");
    cr_expect_null(whe_cache_find(&cache, 4, 0x1000, bytes, 16), "another mode");
    cr_expect_null(whe_cache_find(&cache, 6, 0x1001, bytes, 16), "another slot");
    bytes[2] = 0x99;
    cr_expect_eq(whe_cache_find(&cache, 6, 0x1000, bytes, 16), entry, "what follows it");
    bytes[1] = 0x04;
    cr_expect_null(whe_cache_find(&cache, 6, 0x1000, bytes, 16), "another byte");
}

Test(cache, an_all_zero_entry_does_not_match_zero_bytes)
{
    static struct whe_decode_cache cache;
    uint8_t zeros[16] = {0};
    cr_expect_null(whe_cache_find(&cache, 1, 0, zeros, 16));
}

Test(host, one_get_asks_for_what_the_instruction_reads)
{
    static const struct {
        const char *name;
        enum guest_mode mode;
        uint8_t code[8];
        uint8_t size;
        size_t gets;
        uint64_t registers;
    } rows[] = {
        {"mov eax, [rbx]: rbx", GUEST_LONG64, {0x8b, 0x03}, 2, 1, 1},
        {"mov [rbx], eax: rax, rbx", GUEST_LONG64, {0x89, 0x03}, 2, 1, 2},
        {"mov al, [rbx]: rax is written in part", GUEST_LONG64, {0x8a, 0x03}, 2, 1, 2},
        {"mov eax, [rbx+rcx]: rbx, rcx", GUEST_LONG64, {0x8b, 0x04, 0x0b}, 3, 1, 2},
        {"mov eax, gs:[rbx]: rbx, gs", GUEST_LONG64, {0x65, 0x8b, 0x03}, 3, 1, 2},
        {"mov eax, [rip]: none", GUEST_LONG64, {0x8b, 0x05, 0, 0, 0, 0}, 6, 0, 0},
        {"mov eax, [ebx]: ebx, ds", GUEST_PROT32, {0x8b, 0x03}, 2, 1, 2},
        {"mov eax, cs:[ebx]: cs is known", GUEST_PROT32, {0x2e, 0x8b, 0x03}, 3, 1, 1},
        {"rep movsb: rcx, rsi, rdi, es, ds", GUEST_PROT32, {0xf3, 0xa4}, 2, 1, 5},
        {"stosb: rax, rdi", GUEST_LONG64, {0xaa}, 1, 1, 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, rows[i].mode);
        guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
        struct guest_exit exit = guest_memory_exit(&guest, rows[i].mode, WHvMemoryAccessExecute,
                                                   0xb8000, rows[i].code, rows[i].size);
        exit.memory.AccessInfo.GvaValid = 0;
        cr_expect_eq(run_exit(&exit).status, 1, "%s", rows[i].name);
        cr_expect_eq(count_of(GUEST_GET), rows[i].gets, "%s", rows[i].name);
        if (rows[i].gets > 0)
            cr_expect_eq(event_of(GUEST_GET, 0)->address, rows[i].registers, "%s", rows[i].name);
    }
}

/* The exit tells the operand's address: what only makes up that is not asked for. */
Test(host, the_exits_address_saves_the_registers_of_addresses)
{
    static const struct {
        const char *name;
        WHV_MEMORY_ACCESS_TYPE access;
        uint64_t address;
        uint8_t code[8];
        uint8_t size;
        uint64_t registers; /* 0: no Get */
        size_t callbacks;
    } rows[] = {
        {"mov eax, [rbx]", WHvMemoryAccessRead, 0xb8010, {0x8b, 0x03}, 2, 0, 2},
        {"movzx eax, byte [rbx]", WHvMemoryAccessRead, 0xb8010, {0x0f, 0xb6, 0x03}, 3, 0, 2},
        {"mov dword [rbx], imm", WHvMemoryAccessWrite, 0xb8010, {0xc7, 0x03, 1, 0, 0, 0}, 6, 0, 2},
        {"mov al, [rbx]", WHvMemoryAccessRead, 0xb8010, {0x8a, 0x03}, 2, 1, 3},
        {"mov [rbx], eax", WHvMemoryAccessWrite, 0xb8010, {0x89, 0x03}, 2, 1, 3},
        {"or [rbx], eax", WHvMemoryAccessWrite, 0xb8010, {0x09, 0x03}, 2, 1, 4},
        {"or dword [rbx], imm", WHvMemoryAccessWrite, 0xb8010, {0x83, 0x0b, 1}, 3, 0, 3},
        {"lock cmpxchg [rbx], ecx",
         WHvMemoryAccessWrite,
         0xb8010,
         {0xf0, 0x0f, 0xb1, 0x0b},
         4,
         2,
         4},
        {"movups xmm0, [rbx]", WHvMemoryAccessRead, 0xb8010, {0x0f, 0x10, 0x03}, 3, 2, 4},
        {"a read exit of or: asked and translated",
         WHvMemoryAccessRead,
         0xb8010,
         {0x09, 0x03},
         2,
         2,
         5},
        {"at the page's beginning: asked", WHvMemoryAccessRead, 0xb8000, {0x8b, 0x03}, 2, 1, 3},
        {"but for a byte", WHvMemoryAccessRead, 0xb8000, {0x0f, 0xb6, 0x03}, 3, 0, 2},
        {"across the page: asked and translated",
         WHvMemoryAccessRead,
         0xb8ffe,
         {0x8b, 0x03},
         2,
         1,
         5},
        {"bt [rbx], eax: asked", WHvMemoryAccessRead, 0xb8010, {0x0f, 0xa3, 0x03}, 3, 2, 3},
    };
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        const size_t row = i / 2; /* decoded anew, and from the cache */
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRbx, rows[row].address);
        struct guest_exit exit =
            guest_memory_exit(&guest, GUEST_LONG64, rows[row].access, rows[row].address,
                              rows[row].code, rows[row].size);
        cr_expect_eq(guest_run(&guest, emulator, &exit).status, 1, "%s", rows[row].name);
        cr_expect_eq(guest.log_count, rows[row].callbacks, "%s: %zu", rows[row].name,
                     guest.log_count);
        cr_expect_eq(count_of(GUEST_GET), rows[row].registers ? 1u : 0u, "%s", rows[row].name);
        if (rows[row].registers)
            cr_expect_eq(event_of(GUEST_GET, 0)->address, rows[row].registers, "%s",
                         rows[row].name);
    }
    WHvEmulatorDestroyEmulator(emulator);
}

Test(host, one_set_carries_what_was_written_and_rip)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, GUEST_DEVICE);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, GUEST_DEVICE, BYTES(0x89, 0x03));
    cr_expect_eq(event_of(GUEST_SET, 0)->address, 1, "a store writes RIP");
    run_memory(GUEST_LONG64, WHvMemoryAccessRead, GUEST_DEVICE, BYTES(0x8b, 0x03));
    cr_expect_eq(event_of(GUEST_SET, 0)->address, 2, "a load writes a register and RIP");
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x5000, BYTES(0xf3, 0xaa));
    cr_expect_eq(event_of(GUEST_SET, 0)->address, 1, "REP with count 0 writes RIP");
    guest_set64(&guest, WHvX64RegisterRcx, 2);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0x5000, BYTES(0xf3, 0xa4));
    cr_expect_eq(event_of(GUEST_SET, 0)->address, 4, "rcx, rsi, rdi, rip");
}
