/* SPDX-License-Identifier: MIT */
/* A row whose kernel is this machine's own instruction, on machines that lack it: CPUID is answered
   here, and the emulator asks what this file defines in the place of its own. */
#include <whvemu/reason.h>

#include <Zydis/Zydis.h>

#include "run.h"

#ifdef __x86_64__

#include <cpuid.h>

static struct {
    unsigned leaf, answer, value; /* all other answers are 0 */
} processor;

static int fake_cpuid(unsigned leaf, unsigned subleaf, unsigned *a, unsigned *b, unsigned *c,
                      unsigned *d)
{
    unsigned *const answers[] = {a, b, c, d};
    (void)subleaf;
    for (unsigned i = 0; i < 4; i++)
        *answers[i] = leaf == processor.leaf && i == processor.answer ? processor.value : 0;
    return 1;
}

#define __get_cpuid_count fake_cpuid
#include "decode_processor.c"

#define ADDRESS   0xfee000b0u
#define INTERNAL  0x2u
#define PSHUFB    0x66, 0x0f, 0x38, 0x00, 0x03       /* pshufb xmm0, [rbx] */
#define PADDB     0x66, 0x0f, 0xfc, 0x03             /* paddb xmm0, [rbx] */
#define VCVTPS2PH 0xc4, 0xe3, 0x79, 0x1d, 0x0b, 0x00 /* vcvtps2ph [rbx], xmm1, 0 */

static uint32_t run(const uint8_t *code, size_t size, WHV_EMULATOR_HANDLE emulator)
{
    const bool stores = code[0] == 0xc4;
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, ADDRESS);
    struct guest_exit exit =
        guest_memory_exit(&guest, GUEST_LONG64, stores ? WHvMemoryAccessWrite : WHvMemoryAccessRead,
                          ADDRESS, code, size);
    return guest_run(&guest, emulator, &exit).status;
}

Test(decode_processor, finds_each_feature_where_cpuid_tells_of_it)
{
    static const struct {
        ZydisISASet set;
        unsigned leaf, answer, bit;
    } rows[] = {
        {ZYDIS_ISA_SET_SSE3, 1, ECX, bit_SSE3},        {ZYDIS_ISA_SET_SSSE3, 1, ECX, bit_SSSE3},
        {ZYDIS_ISA_SET_SSSE3MMX, 1, ECX, bit_SSSE3},   {ZYDIS_ISA_SET_SSE4, 1, ECX, bit_SSE4_1},
        {ZYDIS_ISA_SET_SSE42, 1, ECX, bit_SSE4_2},     {ZYDIS_ISA_SET_AES, 1, ECX, bit_AES},
        {ZYDIS_ISA_SET_PCLMULQDQ, 1, ECX, bit_PCLMUL}, {ZYDIS_ISA_SET_SHA, 7, EBX, bit_SHA}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned number = 0;
        processor.leaf = rows[i].leaf;
        processor.answer = rows[i].answer;
        processor.value = rows[i].bit;
        const unsigned found = ask_processor();
        while (features[number].set != rows[i].set)
            number++;
        cr_expect(found >> number & 1, "row %zu", i);
        processor.value = ~rows[i].bit;
        cr_expect(!(ask_processor() >> number & 1), "row %zu", i);
    }
}

/* Behind VEX there is #UD unless the operating system has set XCR0. */
Test(decode_processor, finds_f16c_where_its_state_is_enabled)
{
    unsigned number = 0, a, b, c = 0, d;
    while (features[number].set != ZYDIS_ISA_SET_F16C)
        number++;
    processor.leaf = 1;
    processor.answer = ECX;
    processor.value = bit_F16C;
    cr_expect(!(ask_processor() >> number & 1), "there is no XCR0 to ask");
    __cpuid(1, a, b, c, d);
    if (!(c & bit_OSXSAVE))
        return;
    processor.value = bit_F16C | bit_OSXSAVE;
    cr_expect_eq(ask_processor() >> number & 1, (enabled_state() & 6) == 6);
    processor.value = bit_OSXSAVE;
    cr_expect(!(ask_processor() >> number & 1));
}

/* The first answer is kept: this processor has nothing. */
Test(decode_processor, what_this_machine_lacks_is_refused_with_a_reason)
{
    processor.value = 0;
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cr_expect_eq(run(BYTES(PSHUFB), emulator), INTERNAL);
    cr_expect_eq(guest.log_count, 0u, "%zu callbacks", (size_t)guest.log_count);
    cr_expect_str_eq(whvemu_reason(emulator), "the processor that this runs on has no PSHUFB");
    cr_expect_eq(run(BYTES(VCVTPS2PH), emulator), INTERNAL);
    cr_expect_str_eq(whvemu_reason(emulator), "the processor that this runs on has no VCVTPS2PH");
    cr_expect_eq(run(BYTES(PADDB), emulator), 1u, "every x86-64 processor has PADDB");
    WHvEmulatorDestroyEmulator(emulator);
}

#endif
