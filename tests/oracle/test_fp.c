/* SPDX-License-Identifier: MIT */
/*
 * Every floating-point instruction between XMM registers, under every kind of MXCSR: the emulator,
 * which runs it with everything masked, says what this machine's processor does with the masks as
 * they are. Which instructions these are Zydis tells.
 *
 * ORACLE_COUNT  how many (default 400000)
 * ORACLE_SEED   repeats a run
 * ORACLE_INDEX  runs this one of it alone
 */
#include <cpuid.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "guest.h"
#include "native_fp.h"
#include "random.h"

#define DEFAULT_COUNT 400000u
#define FAILURES_MAX  5u
#define FORMS_MAX     128u
#define STATUS_FLAGS  0x8d5u
#define MASKS         0x1f80u
#define NO_IMMEDIATE  0xffu
#define DEVICE        0xfee000b0u
#define CR4_OSXSAVE   0x40000u
#define XCR0_AVX      7u

/* An instruction between registers: xmm0, xmm1; eax, xmm1; xmm0, ecx. Of one that stores, [rcx],
   xmm1, what it stores goes to rax. */
struct form {
    uint8_t code[8];
    uint8_t size;
    uint8_t immediate_at; /* or NO_IMMEDIATE */
    const char *name;
    ZydisElementType element[2]; /* of the operands */
    bool stores;
};

static struct form forms[FORMS_MAX];
static unsigned form_count;
static struct guest guest;

static bool computes(const ZydisDecodedInstruction *insn)
{
    return insn->meta.exception_class == ZYDIS_EXCEPTION_CLASS_SSE2 ||
           insn->meta.exception_class == ZYDIS_EXCEPTION_CLASS_SSE3;
}

static void try_form(const ZydisDecoder *decoder, struct form form, bool is_wide)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(decoder, form.code, sizeof(form.code), &insn, operand)) ||
        !computes(&insn))
        return;
    bool has_wide = false;
    for (unsigned i = 0; i < 2; i++) {
        has_wide |= ZydisRegisterGetClass(operand[i].reg.value) == ZYDIS_REGCLASS_GPR64;
        form.element[i] = operand[i].element_type;
    }
    if (is_wide && !has_wide) /* REX.W does nothing */
        return;
    form.size = insn.length;
    form.immediate_at = NO_IMMEDIATE;
    if (insn.operand_count_visible == 3)
        form.immediate_at = (uint8_t)(insn.length - 1u);
    form.name = ZydisMnemonicGetString(insn.mnemonic);
    cr_assert_lt(form_count, FORMS_MAX);
    forms[form_count++] = form;
}

static void find_forms(void)
{
    static const uint8_t prefixes[] = {0, 0x66, 0xf3, 0xf2};
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (unsigned i = 0; i < 4 * 2 * 2 * 256; i++) {
        const bool is_wide = i >> 8 & 1;
        struct form form = {.size = 0};
        if (prefixes[i >> 10])
            form.code[form.size++] = prefixes[i >> 10];
        if (is_wide)
            form.code[form.size++] = 0x48;
        form.code[form.size++] = 0x0f;
        if (i >> 9 & 1)
            form.code[form.size++] = 0x3a;
        form.code[form.size++] = (uint8_t)i;
        form.code[form.size++] = 0xc1;
        try_form(&decoder, form, is_wide);
    }
}

static void find_halves(void)
{
    struct form form = {.code = {0xc4, 0xe3, 0x79, 0x1d, 0x09, 0x00}, /* vcvtps2ph [rcx],xmm1,0 */
                        .size = 6,
                        .immediate_at = 5,
                        .name = "vcvtps2ph",
                        .element = {ZYDIS_ELEMENT_TYPE_FLOAT32, ZYDIS_ELEMENT_TYPE_FLOAT32},
                        .stores = true};
    unsigned a, b, c = 0, d;
    if (__get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) && form_count < FORMS_MAX)
        forms[form_count++] = form;
}

/* A number of which exponent and fraction are often corner cases, also those of the other width. */
static uint64_t make_number(struct random *random, unsigned exponent_bits, unsigned fraction_bits)
{
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const int most = 2 * bias + 1;
    const int corners[] = {0,
                           1,
                           2,
                           (int)fraction_bits,
                           bias - (int)fraction_bits,
                           bias - 1,
                           bias,
                           bias + 1,
                           bias + (int)fraction_bits,
                           bias + 31,
                           bias + 63,
                           most - 1,
                           most,
                           bias - 126,
                           bias - 127,
                           bias - 150,
                           bias + 127,
                           bias + 128,
                           bias - 14,
                           bias - 24,
                           bias + 15};
    const uint64_t mask = (UINT64_C(1) << fraction_bits) - 1;
    uint64_t fraction = random_next(random) & mask;
    int exponent = (int)(random_next(random) & (unsigned)most);
    if (!random_once_in(random, 4)) {
        exponent = corners[random_below(random, sizeof(corners) / sizeof(corners[0]))];
        exponent += (int)random_below(random, 3) - 1;
    }
    exponent = exponent < 0 ? 0 : exponent > most ? most : exponent;
    switch (random_below(random, 6)) {
    case 0:
        fraction = 0;
        break;
    case 1:
        fraction = random_below(random, 3) - 1u;
        break;
    case 2:
        fraction &= mask << random_below(random, fraction_bits);
        break;
    case 3:
        fraction = UINT64_C(1) << (fraction_bits - 1);
        break;
    default:
        break;
    }
    const uint64_t sign = random_next(random) & 1;
    return ((sign << exponent_bits) | (uint64_t)exponent) << fraction_bits | (fraction & mask);
}

static uint64_t make_half(struct random *random, ZydisElementType element)
{
    if (element == ZYDIS_ELEMENT_TYPE_FLOAT64)
        return make_number(random, 11, 52);
    if (element == ZYDIS_ELEMENT_TYPE_FLOAT32)
        return make_number(random, 8, 23) | make_number(random, 8, 23) << 32;
    return random_next(random) >> random_below(random, 64);
}

/* A float near what a half can be, of about as many bits, or one that is a half: of four the others
   would hide what one of them does. */
static uint64_t make_near_half(struct random *random)
{
    static const int exponents[] = {-26, -25, -24, -20, -15, -14, 0, 15, 16};
    const uint32_t kept = UINT32_MAX << (10 + random_below(random, 5));
    const int exponent = exponents[random_below(random, sizeof(exponents) / sizeof(exponents[0]))];
    uint32_t fraction = (uint32_t)random_next(random) & kept;
    if (random_once_in(random, 3))
        fraction = kept;
    if (!random_once_in(random, 4))
        return 0x3f800000;
    return (random_next(random) & 1) << 31 | (uint32_t)(127 + exponent) << 23 |
           (fraction & 0x7fffff);
}

/* Mostly one or two exceptions are not masked: of several the first would hide the others. */
static uint32_t make_mxcsr(struct random *random)
{
    uint32_t mxcsr = (uint32_t)random_next(random) & 0xffff;
    const unsigned open = random_below(random, 4);
    if (open == 3)
        return mxcsr;
    mxcsr |= MASKS;
    for (unsigned i = 0; i < open; i++)
        mxcsr &= ~(1u << (7 + random_below(random, 6)));
    return mxcsr;
}

static struct native_fp make_state(struct random *random, const struct form *form)
{
    struct native_fp state = {.rflags = random_next(random) & STATUS_FLAGS};
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned half = 0; half < 2; half++)
            state.xmm[i][half] = make_half(random, form->element[i]);
    }
    const bool is_near = form->stores && random_once_in(random, 2);
    for (unsigned i = 0; is_near && i < 2; i++)
        state.xmm[1][i] = make_near_half(random) | make_near_half(random) << 32;
    if (random_once_in(random, 8))
        memcpy(state.xmm[1], state.xmm[0], sizeof(state.xmm[1]));
    state.rax = random_next(random);
    state.rcx = make_half(random, form->element[1]);
    state.mxcsr = make_mxcsr(random);
    return state;
}

static WHV_REGISTER_VALUE *reg(WHV_REGISTER_NAME name)
{
    return guest_reg(&guest, name);
}

/* The same by the emulator. @return whether it kept the rules of a call. */
static bool emulate(WHV_EMULATOR_HANDLE emulator, const struct form *form, struct native_fp *state)
{
    const uint64_t rflags = state->rflags | 2;
    guest_set64(&guest, WHvX64RegisterRip, 0x1000);
    guest_set64(&guest, WHvX64RegisterRflags, rflags);
    guest_set64(&guest, WHvX64RegisterRax, state->rax);
    guest_set64(&guest, WHvX64RegisterRcx, form->stores ? DEVICE : state->rcx);
    guest_set64(&guest, WHvRegisterPendingEvent, 0);
    memcpy(reg(WHvX64RegisterXmm0), state->xmm[0], sizeof(state->xmm[0]));
    memcpy(reg(WHvX64RegisterXmm1), state->xmm[1], sizeof(state->xmm[1]));
    reg(WHvX64RegisterXmmControlStatus)->XmmControlStatus.XmmStatusControl = state->mxcsr;
    const struct guest_exit exit = guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessExecute,
                                                     0x1000, form->code, form->size);
    const struct guest_result result = guest_run(&guest, emulator, &exit);
    memcpy(state->xmm[0], reg(WHvX64RegisterXmm0), sizeof(state->xmm[0]));
    memcpy(state->xmm[1], reg(WHvX64RegisterXmm1), sizeof(state->xmm[1]));
    state->rax = guest_get64(&guest, WHvX64RegisterRax);
    for (size_t i = 0; i < guest.log_count; i++) {
        if (guest.log[i].kind == GUEST_MEMORY_ACCESS && guest.log[i].is_write)
            state->rax = guest.log[i].data;
    }
    state->rflags = guest_get64(&guest, WHvX64RegisterRflags);
    state->mxcsr = reg(WHvX64RegisterXmmControlStatus)->XmmControlStatus.XmmStatusControl;
    state->traps = reg(WHvRegisterPendingEvent)->ExceptionEvent.EventPending &&
                   reg(WHvRegisterPendingEvent)->ExceptionEvent.Vector == 19;
    return result.hr == S_OK && result.status == 1 && !guest.broken;
}

static void run_native(const struct form *form, struct native_fp *state)
{
    static uint64_t stored;
    const uint64_t rcx = state->rcx;
    stored = state->rax;
    if (form->stores)
        state->rcx = (uintptr_t)&stored;
    native_fp_run(form->code, form->size, state);
    state->rcx = rcx;
    if (form->stores)
        state->rax = stored;
}

static bool equal(const struct native_fp *a, const struct native_fp *b)
{
    return memcmp(a->xmm, b->xmm, sizeof(a->xmm)) == 0 && a->rax == b->rax &&
           ((a->rflags ^ b->rflags) & STATUS_FLAGS) == 0 && a->mxcsr == b->mxcsr &&
           a->traps == b->traps;
}

static void describe(const struct native_fp *state, char *text, size_t size)
{
    const uint64_t(*xmm)[2] = state->xmm;
    snprintf(text, size, "xmm0 %016llx%016llx xmm1 %016llx%016llx rax %llx flags %llx mxcsr %x%s",
             (unsigned long long)xmm[0][1], (unsigned long long)xmm[0][0],
             (unsigned long long)xmm[1][1], (unsigned long long)xmm[1][0],
             (unsigned long long)state->rax, (unsigned long long)state->rflags & STATUS_FLAGS,
             state->mxcsr, state->traps ? " #XM" : "");
}

struct tally {
    unsigned traps;
    unsigned failures;
};

static void run_one(WHV_EMULATOR_HANDLE emulator, uint64_t seed, uint64_t index,
                    struct tally *tally)
{
    struct random random = random_of_index(seed, index);
    struct form form = forms[index % form_count];
    if (form.immediate_at != NO_IMMEDIATE)
        form.code[form.immediate_at] = (uint8_t)random_next(&random);
    const struct native_fp before = make_state(&random, &form);
    struct native_fp processor = before;
    struct native_fp emulated = before;
    run_native(&form, &processor);
    const bool is_fine = emulate(emulator, &form, &emulated);
    tally->traps += processor.traps;
    if ((is_fine && equal(&processor, &emulated)) || ++tally->failures > FAILURES_MAX)
        return;
    char text[3][256];
    describe(&before, text[0], sizeof(text[0]));
    describe(&processor, text[1], sizeof(text[1]));
    describe(&emulated, text[2], sizeof(text[2]));
    cr_expect_fail("ORACLE_SEED=%llu ORACLE_INDEX=%llu %s, immediate %#x\n  before    %s\n"
                   "  processor %s\n  emulator  %s%s",
                   (unsigned long long)seed, (unsigned long long)index, form.name,
                   form.code[form.size - 1], text[0], text[1], text[2],
                   guest.broken ? guest.broken : "");
}

Test(fp, is_what_the_processor_computes)
{
    const uint64_t count = random_setting("ORACLE_COUNT", DEFAULT_COUNT);
    const uint64_t seed = random_setting("ORACLE_SEED", random_seed());
    const uint64_t only = random_setting("ORACLE_INDEX", UINT64_MAX);
    struct tally tally = {0};
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cr_assert(native_fp_init());
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterCr4, guest_get64(&guest, WHvX64RegisterCr4) | CR4_OSXSAVE);
    guest_set64(&guest, WHvX64RegisterXCr0, XCR0_AVX);
    find_forms();
    find_halves();
    cr_assert_gt(form_count, 60u);
    if (only != UINT64_MAX)
        run_one(emulator, seed, only, &tally);
    for (uint64_t i = 0; only == UINT64_MAX && i < count; i++)
        run_one(emulator, seed, i, &tally);
    fprintf(stderr, "seed %llu, %llu of %u instructions: %u exceptions; %u differ\n",
            (unsigned long long)seed, (unsigned long long)count, form_count, tally.traps,
            tally.failures);
    cr_expect_eq(tally.failures, 0u);
    cr_expect(only != UINT64_MAX || tally.traps > count / 50, "hardly an exception");
    WHvEmulatorDestroyEmulator(emulator);
}
