/* SPDX-License-Identifier: MIT */
/* Every class of checks.def, by the manual's words rather than by the table. */
#include <string.h>

#include "checks.h"
#include "run.h"

#define TS UINT64_C(0x8)
#define EM UINT64_C(0x4)
#define MP UINT64_C(0x2)
#define NE UINT64_C(0x20)

#define OSFXSR  UINT64_C(0x200)
#define UMIP    UINT64_C(0x800)
#define OSXSAVE UINT64_C(0x40000)
#define CET     UINT64_C(0x800000)

#define GP 13u
#define UD 6u
#define NM 7u
#define MF 16u

/* A processor that allows everything. */
static const struct state {
    uint64_t cr0, cr4, xcr0;
    bool is_real;
    unsigned cpl;
    bool is_pending; /* an unmasked x87 exception */
} allows = {.cr0 = NE, .cr4 = OSFXSR | OSXSAVE, .xcr0 = 7};

/* Runs both parts of a class. @return the vector, or 0. */
static unsigned vector_of(enum whe_checks class, const struct state *state)
{
    static struct whe_call call;
    struct whe_set needed = {{0}};
    memset(&call, 0, sizeof(call));
    call.mode.protected_mode = !state->is_real;
    call.mode.cpl = state->cpl & 3;
    whe_checks_registers(&call.mode, class, &needed);
    call.regs.known = needed; /* what is looked at and not asked for stops the program */
    call.regs.value[WHE_REG_CR0].Reg64 = state->cr0;
    call.regs.value[WHE_REG_CR4].Reg64 = state->cr4;
    call.regs.value[WHE_REG_XCR0].Reg64 = state->xcr0;
    call.regs.value[WHE_REG_FPCS].FpControlStatus.FpControl = 0x37e; /* all but I masked */
    call.regs.value[WHE_REG_FPCS].FpControlStatus.FpStatus = state->is_pending ? 1 : 2;
    enum whe_result result = whe_checks_run(&call, class);
    if (result == WHE_OK)
        result = whe_checks_wait(&call, class);
    cr_assert(result == WHE_OK || result == WHE_FAULT, "class %d: result %d", (int)class,
              (int)result);
    return result == WHE_FAULT ? call.event.vector : 0;
}

Test(checks, each_class_demands_what_the_manual_says)
{
    static const struct {
        const char *name;
        enum whe_checks class;
        /* Vectors of CR0.EM, CR0.TS, no OSFXSR, no OSXSAVE, XCR0 without AVX, real mode, CPL 3, a
         * pending x87 exception. */
        unsigned em, ts, no_fxsr, no_xsave, no_avx, real, user, pending;
    } rows[] = {
        {"NONE", WHE_CHECKS_NONE, 0, 0, 0, 0, 0, 0, 0, 0},
        {"SSE", WHE_CHECKS_SSE, UD, NM, UD, 0, 0, 0, 0, 0},
        {"MMX", WHE_CHECKS_MMX, UD, NM, 0, 0, 0, 0, 0, MF},
        {"SSE_MMX", WHE_CHECKS_SSE_MMX, UD, NM, UD, 0, 0, 0, 0, MF},
        {"X87", WHE_CHECKS_X87, NM, NM, 0, 0, 0, 0, 0, MF},
        {"X87_STATE", WHE_CHECKS_X87_STATE, NM, NM, 0, 0, 0, 0, 0, 0},
        {"WAIT", WHE_CHECKS_WAIT, 0, 0, 0, 0, 0, 0, 0, MF},
        {"VEX", WHE_CHECKS_VEX, 0, NM, 0, UD, UD, UD, 0, 0},
        {"VEX_INTEGER", WHE_CHECKS_VEX_INTEGER, 0, 0, 0, 0, 0, UD, 0, 0},
        {"PROTECTED", WHE_CHECKS_PROTECTED, 0, 0, 0, 0, 0, UD, 0, 0},
        {"PRIVILEGED", WHE_CHECKS_PRIVILEGED, 0, 0, 0, 0, 0, 0, GP, 0},
        {"PROTECTED_TABLE", WHE_CHECKS_PROTECTED_TABLE, 0, 0, 0, 0, 0, UD, GP, 0},
        {"TOLD", WHE_CHECKS_TOLD, 0, 0, 0, 0, 0, 0, 0, 0},
        {"PROTECTED_TOLD", WHE_CHECKS_PROTECTED_TOLD, 0, 0, 0, 0, 0, UD, 0, 0},
        {"RETURNS", WHE_CHECKS_RETURNS, 0, 0, 0, 0, 0, 0, 0, 0},
    };
    cr_assert_eq(sizeof(rows) / sizeof(rows[0]), WHE_CHECKS_COUNT);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct {
            const char *what;
            struct state state;
            unsigned vector;
        } tries[] = {
            {"all allowed", allows, 0},
            {"CR0.EM", {NE | EM, allows.cr4, 7, false, 0, false}, rows[i].em},
            {"CR0.TS", {NE | TS, allows.cr4, 7, false, 0, false}, rows[i].ts},
            {"no OSFXSR", {NE, OSXSAVE, 7, false, 0, false}, rows[i].no_fxsr},
            {"no OSXSAVE", {NE, OSFXSR, 7, false, 0, false}, rows[i].no_xsave},
            {"XCR0 without AVX", {NE, allows.cr4, 3, false, 0, false}, rows[i].no_avx},
            {"real mode", {NE, allows.cr4, 7, true, 0, false}, rows[i].real},
            {"CPL 3", {NE, allows.cr4, 7, false, 3, false}, rows[i].user},
            {"pending", {NE, allows.cr4, 7, false, 0, true}, rows[i].pending},
        };
        for (size_t k = 0; k < sizeof(tries) / sizeof(tries[0]); k++) {
            unsigned vector = vector_of(rows[i].class, &tries[k].state);
            cr_expect_eq(vector, tries[k].vector, "%s, %s: vector %u", rows[i].name, tries[k].what,
                         vector);
        }
    }
}

Test(checks, invalid_opcode_comes_before_privilege_and_device_not_available)
{
    const struct state forbids = {NE | EM | TS, 0, 0, true, 3, true};
    cr_expect_eq(vector_of(WHE_CHECKS_SSE, &forbids), UD);
    cr_expect_eq(vector_of(WHE_CHECKS_MMX, &forbids), UD);
    cr_expect_eq(vector_of(WHE_CHECKS_VEX, &forbids), UD);
    cr_expect_eq(vector_of(WHE_CHECKS_PROTECTED_TABLE, &forbids), UD);
    cr_expect_eq(vector_of(WHE_CHECKS_X87, &forbids), NM, "before #MF");
}

Test(checks, fwait_minds_a_switched_task_if_it_is_told_to)
{
    struct state state = allows;
    state.cr0 = NE | MP;
    cr_expect_eq(vector_of(WHE_CHECKS_WAIT, &state), 0);
    state.cr0 = NE | MP | TS;
    cr_expect_eq(vector_of(WHE_CHECKS_WAIT, &state), NM);
}

Test(checks, user_mode_instruction_prevention_is_cr4s)
{
    const struct state user = {NE, UMIP, 0, false, 3, false};
    const struct state supervisor = {NE, UMIP, 0, false, 0, false};
    const struct state real = {NE, UMIP, 0, true, 0, false};
    cr_expect_eq(vector_of(WHE_CHECKS_TOLD, &user), GP);
    cr_expect_eq(vector_of(WHE_CHECKS_TOLD, &supervisor), 0);
    cr_expect_eq(vector_of(WHE_CHECKS_PROTECTED_TOLD, &user), GP);
    cr_expect_eq(vector_of(WHE_CHECKS_PROTECTED_TOLD, &real), UD, "#UD comes first");
}

Test(checks, a_shadow_stack_refuses_what_returns_in_protected_mode)
{
    static const bool protections[] = {true, false};
    for (unsigned i = 0; i < 2; i++) {
        struct whe_call call = {.mode = {.protected_mode = protections[i]}};
        whe_checks_registers(&call.mode, WHE_CHECKS_RETURNS, &call.regs.known);
        cr_expect_eq(whe_set_has(&call.regs.known, WHE_REG_CR4), protections[i]);
        cr_expect_eq(whe_checks_run(&call, WHE_CHECKS_RETURNS), WHE_OK);
        call.regs.value[WHE_REG_CR4].Reg64 = CET;
        cr_expect_eq(whe_checks_run(&call, WHE_CHECKS_RETURNS),
                     protections[i] ? WHE_SHADOW_STACK : WHE_OK);
    }
}

Test(checks, without_numeric_errors_a_pending_exception_is_an_interrupt)
{
    struct whe_call call = {.mode = {.protected_mode = true}};
    whe_checks_registers(&call.mode, WHE_CHECKS_X87, &call.regs.known);
    call.regs.value[WHE_REG_FPCS].FpControlStatus.FpStatus = 1;
    cr_expect_eq(whe_checks_run(&call, WHE_CHECKS_X87), WHE_FERR);
    call.regs.value[WHE_REG_CR0].Reg64 = NE;
    cr_expect_eq(whe_checks_run(&call, WHE_CHECKS_X87), WHE_OK);
    cr_expect_eq(whe_checks_wait(&call, WHE_CHECKS_X87), WHE_FAULT);
}

/* One instruction at every stage at which its registers are got: by the exit's address, with its
 * own, at a page's beginning, and from the cache. */
Test(checks, hold_on_every_path)
{
    static const struct {
        const char *name;
        uint64_t address;
        WHV_MEMORY_ACCESS_TYPE access;
        uint8_t code[4];
        uint8_t size;
    } rows[] = {
        {"load", 0xb8010, WHvMemoryAccessRead, {0x0f, 0x10, 0x03}, 3},
        {"store", 0xb8010, WHvMemoryAccessWrite, {0x0f, 0x11, 0x03}, 3},
        {"page's beginning", 0xb8000, WHvMemoryAccessRead, {0x0f, 0x10, 0x03}, 3},
        {"five registers", 0xb8000, WHvMemoryAccessWrite, {0x0f, 0x11, 0x04, 0x13}, 4},
        {"across pages", 0xb8ff8, WHvMemoryAccessRead, {0x0f, 0x10, 0x03}, 3},
    };
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    for (size_t i = 0; i < 6 * sizeof(rows) / sizeof(rows[0]); i++) {
        const size_t row = i / 6;
        const bool is_forbidden = i % 3 != 2;
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRbx, rows[row].address);
        guest_set64(&guest, WHvX64RegisterCr0, 0x80000031 | (i % 3 == 0 ? TS : 0));
        guest_set64(&guest, WHvX64RegisterCr4, i % 3 == 1 ? 0x400 : 0x600);
        struct guest_exit exit =
            guest_memory_exit(&guest, GUEST_LONG64, rows[row].access, rows[row].address,
                              rows[row].code, rows[row].size);
        cr_expect_eq(guest_run(&guest, emulator, &exit).status, 1, "%s", rows[row].name);
        cr_expect_eq(injected_vector(),
                     i % 3 == 0   ? NM
                     : i % 3 == 1 ? UD
                                  : 0,
                     "%s", rows[row].name);
        cr_expect_eq(count_of(GUEST_MEMORY_ACCESS) == 0, is_forbidden, "%s", rows[row].name);
        cr_expect_eq(count_of(GUEST_GET), is_forbidden ? 2u : 1u, "%s", rows[row].name);
    }
    WHvEmulatorDestroyEmulator(emulator);
}
