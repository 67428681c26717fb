/* SPDX-License-Identifier: MIT */
/*
 * Code in a device whose bytes are fetched, decoded anew and out of the cache, ends as the same
 * code does whose bytes the exit brings: that one takes the pipeline.
 */
#include <string.h>

#include "run.h"

#define START 0x1000u

static const struct {
    uint8_t code[15];
    uint8_t length;
} instructions[] = {
#define ROW(...)                                                                                   \
    {                                                                                              \
        {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})                                            \
    }
    ROW(0x90),                            /* nop */
    ROW(0xff, 0xc1),                      /* inc ecx */
    ROW(0x66, 0xff, 0xc9),                /* dec cx */
    ROW(0xfe, 0xc4),                      /* inc ah */
    ROW(0x00, 0xfc),                      /* add ah, bh */
    ROW(0x28, 0xe0),                      /* sub al, ah */
    ROW(0x66, 0x11, 0xd8),                /* adc ax, bx */
    ROW(0x39, 0xc8),                      /* cmp eax, ecx */
    ROW(0x85, 0xd2),                      /* test edx, edx */
    ROW(0xf7, 0xd0),                      /* not eax */
    ROW(0x89, 0xe5),                      /* mov ebp, esp */
    ROW(0x88, 0xc5),                      /* mov ch, al */
    ROW(0xb8, 1, 2, 3, 4),                /* mov eax, imm */
    ROW(0x66, 0xb8, 1, 2),                /* mov ax, imm */
    ROW(0x0f, 0xb6, 0xc5),                /* movzx eax, ch */
    ROW(0x0f, 0xbe, 0xc1),                /* movsx eax, cl */
    ROW(0x8d, 0x44, 0x0b, 0x10),          /* lea eax, [rbx+rcx+16] */
    ROW(0x91),                            /* xchg ecx, eax */
    ROW(0x86, 0xe0),                      /* xchg al, ah */
    ROW(0x0f, 0xc8),                      /* bswap eax */
    ROW(0xd3, 0xe0),                      /* shl eax, cl */
    ROW(0xc0, 0xec, 0x20),                /* shr ah, 32 */
    ROW(0xf7, 0xe3),                      /* mul ebx */
    ROW(0xf7, 0xf3),                      /* div ebx */
    ROW(0xf7, 0xf6),                      /* div esi */
    ROW(0x99),                            /* cdq */
    ROW(0x0f, 0x44, 0xc3),                /* cmovz eax, ebx */
    ROW(0x0f, 0x45, 0xc3),                /* cmovnz eax, ebx */
    ROW(0x0f, 0x94, 0xc4),                /* setz ah */
    ROW(0x74, 0x10),                      /* jz */
    ROW(0x75, 0x10),                      /* jnz */
    ROW(0x66, 0x75, 0x10),                /* jnz, in 32-bit code cut to 16 bits */
    ROW(0xeb, 0x80),                      /* jmp */
    ROW(0xe9, 0, 0, 0, 0x7f),             /* jmp beyond most limits */
    ROW(0xe2, 0xfe),                      /* loop */
    ROW(0xe3, 0x10),                      /* jcxz and its kin */
    ROW(0xff, 0xe0),                      /* jmp eax */
    ROW(0x9e),                            /* sahf */
    ROW(0xf9),                            /* stc */
    ROW(0x0f, 0xa3, 0xc8),                /* bt eax, ecx */
    ROW(0x0f, 0xbb, 0xc8),                /* btc eax, ecx */
    ROW(0x0f, 0xc1, 0xc1),                /* xadd ecx, eax */
    ROW(0xfa),                            /* cli */
    ROW(0x0f, 0x28, 0xc1),                /* movaps xmm0, xmm1 */
    ROW(0xc7, 0x80, 0, 0x20, 0, 0, 1, 2), /* mov [eax+2000h], imm: ten bytes in 32-bit code */
};

static const uint64_t flags[] = {0x2, 0x46, 0x8d7, 0x102, 0x10042};

static struct guest expected;

static void prepare(struct guest *to, enum guest_mode mode, uint64_t rflags, unsigned i)
{
    static const WHV_REGISTER_NAME general[] = {
        WHvX64RegisterRax, WHvX64RegisterRcx, WHvX64RegisterRdx, WHvX64RegisterRbx,
        WHvX64RegisterRsp, WHvX64RegisterRbp, WHvX64RegisterRdi};
    guest_init(to, mode);
    for (unsigned r = 0; r < sizeof(general) / sizeof(general[0]); r++)
        guest_set64(to, general[r], UINT64_C(0x91a2b3c4d5e60108) * (r + 1));
    guest_set64(to, WHvX64RegisterRdx, 7);
    guest_set64(to, WHvX64RegisterRsi, 0);
    guest_set64(to, WHvX64RegisterRflags, rflags);
    memset(to->memory + START, 0x90, 32);
    memcpy(to->memory + START, instructions[i].code, instructions[i].length);
}

static bool has_same_registers(void)
{
    bool is_same = guest.reg_count == expected.reg_count;
    for (size_t r = 0; is_same && r < guest.reg_count; r++) {
        is_same =
            guest.regs[r].name == expected.regs[r].name &&
            memcmp(&guest.regs[r].value, &expected.regs[r].value, sizeof(guest.regs[r].value)) == 0;
    }
    return is_same;
}

/* @return whether a call whose bytes were fetched ended as `expected`, with the same callbacks. */
static bool ends_alike(WHV_EMULATOR_HANDLE emulator, enum guest_mode mode, struct guest_result as)
{
    const struct guest_exit exit =
        guest_memory_exit(&guest, mode, WHvMemoryAccessExecute, START, NULL, 0);
    const struct guest_result result = guest_run(&guest, emulator, &exit);
    size_t fetches = 0;
    cr_assert_null(guest.broken, "%s", guest.broken);
    while (fetches < guest.log_count && guest.log[fetches].kind == GUEST_MEMORY_ACCESS &&
           guest.log[fetches].address < START + 16)
        fetches++;
    return result.hr == as.hr && result.status == as.status && has_same_registers() &&
           fetches >= 1 && guest.log_count - fetches == expected.log_count &&
           memcmp(guest.log + fetches, expected.log,
                  expected.log_count * sizeof(expected.log[0])) == 0;
}

Test(fast_plain, ends_as_the_pipeline_does)
{
    static const enum guest_mode modes[] = {GUEST_REAL16, GUEST_PROT32, GUEST_LONG64};
    for (unsigned n = 0; n < sizeof(modes) / sizeof(modes[0]) * sizeof(flags) / sizeof(flags[0]);
         n++) {
        const enum guest_mode mode = modes[n % 3];
        WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
        for (unsigned i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
            prepare(&expected, mode, flags[n / 3], i);
            const struct guest_exit exit = guest_memory_exit(
                &expected, mode, WHvMemoryAccessExecute, START, expected.memory + START, 16);
            WHV_EMULATOR_HANDLE other = guest_create_emulator();
            const struct guest_result as = guest_run(&expected, other, &exit);
            WHvEmulatorDestroyEmulator(other);
            /* The first finds another instruction in the cache, the second this one. */
            for (unsigned time = 0; time < 2; time++) {
                prepare(&guest, mode, flags[n / 3], i);
                cr_expect(ends_alike(emulator, mode, as), "row %u, mode %d, flags %#llx, time %u",
                          i, (int)mode, (unsigned long long)flags[n / 3], time);
            }
        }
        WHvEmulatorDestroyEmulator(emulator);
    }
}

/* @return the callbacks of a second call. */
static size_t count_again(enum guest_mode mode)
{
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    const uint64_t rip = guest_get64(&guest, WHvX64RegisterRip);
    for (unsigned time = 0; time < 2; time++) {
        guest_set64(&guest, WHvX64RegisterRip, rip);
        const struct guest_exit exit =
            guest_memory_exit(&guest, mode, WHvMemoryAccessExecute, rip, NULL, 0);
        cr_expect_eq(guest_run(&guest, emulator, &exit).status, 1);
    }
    WHvEmulatorDestroyEmulator(emulator);
    return guest.log_count;
}

Test(fast_plain, a_branch_takes_two_callbacks_and_a_computation_three)
{
    guest_init(&guest, GUEST_LONG64);
    memcpy(guest.memory + START, BYTES(0x75, 0xfe));
    cr_expect_eq(count_again(GUEST_LONG64), 2);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), START);
    guest_init(&guest, GUEST_LONG64);
    memcpy(guest.memory + START, BYTES(0xff, 0xc9));
    cr_expect_eq(count_again(GUEST_LONG64), 3);
    guest_init(&guest, GUEST_LONG64);
    memcpy(guest.memory + START, BYTES(0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8)); /* ten bytes */
    cr_expect_eq(count_again(GUEST_LONG64), 3, "8 bytes, 4 more, Set");
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), UINT64_C(0x0807060504030201));
}

Test(fast_plain, what_lies_behind_the_page_or_the_limit_is_not_fetched)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRip, 0x1ffe);
    memcpy(guest.memory + 0x1ffe, BYTES(0xff, 0xc9));
    cr_expect_eq(count_again(GUEST_LONG64), 3);
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->size, 2);

    guest_init(&guest, GUEST_PROT32);
    guest_reg(&guest, WHvX64RegisterCs)->Segment.Limit = START + 2;
    memcpy(guest.memory + START, BYTES(0xff, 0xc9));
    cr_expect_eq(count_again(GUEST_PROT32), 3);
    cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->size, 2);
}

Test(fast_plain, code_that_was_swapped_is_decoded_anew)
{
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRcx, 5);
    struct guest_exit exit =
        guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessExecute, START, NULL, 0);
    memcpy(guest.memory + START, BYTES(0xff, 0xc9));
    cr_expect_eq(guest_run(&guest, emulator, &exit).status, 1);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRcx), 4);
    guest.memory[START + 1] = 0xc1; /* inc ecx */
    cr_expect_eq(guest_run(&guest, emulator, &exit).status, 1);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRcx), 5);
    WHvEmulatorDestroyEmulator(emulator);
}

Test(fast_plain, a_callback_that_fails_ends_the_call)
{
    static const uint32_t status[] = {1u << GUEST_MEMORY_ACCESS, 1u << GUEST_GET, 1u << GUEST_SET};
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    for (unsigned time = 0; time < 2; time++) {
        for (unsigned at = 1; at <= 3; at++) {
            guest_init(&guest, GUEST_LONG64);
            memcpy(guest.memory + START, BYTES(0xff, 0xc9));
            guest.fail_at = at;
            guest.fail_hr = E_FAIL;
            const struct guest_exit exit =
                guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessExecute, START, NULL, 0);
            cr_expect_eq(guest_run(&guest, emulator, &exit).status, status[at - 1], "%u", at);
            cr_expect_eq(guest.log_count, at);
        }
    }
    WHvEmulatorDestroyEmulator(emulator);
}
