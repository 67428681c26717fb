/* SPDX-License-Identifier: MIT */
/*
 * The x87 against this machine's own, by the assembler's names: operands in memory and in
 * registers, exceptions that are masked and that are not. And what this machine's x87 is left with.
 */
#include <string.h>

#include "random.h"
#include "run.h"

#define AT         0x8000u /* in the guest's memory */
#define OPERAND    128u
#define ROUNDS     400u
#define MXCSR      0x1f80u
#define EXCEPTIONS 0x3fu
#define REGISTERS  8u

/* What FXSAVE writes, as far as it is looked at. */
struct area {
    _Alignas(16) uint16_t control;
    uint16_t status;
    uint8_t tag;
    uint8_t reserved;
    uint16_t opcode;
    uint64_t rip, rdp;
    uint32_t mxcsr, mxcsr_mask;
    WHV_UINT128 st[REGISTERS];
    uint8_t rest[512 - 160];
};

_Static_assert(sizeof(struct area) == 512, "as FXSAVE has it");

#define X87_OPERATION(name, text, opcode, modrm)                                                   \
    static void native_##name(struct area *state, uint8_t *memory)                                 \
    {                                                                                              \
        static struct area own;                                                                    \
        __asm__ volatile("fxsave64 %0\n\tfxrstor64 %1\n\t" text "\n\tfxsave64 %1\n\tfxrstor64 %0"  \
                         : "=m"(own), "+m"(*state)                                                 \
                         : "b"(memory)                                                             \
                         : "memory");                                                              \
    }
#include "x87_operations.def"

static const struct operation {
    const char *name;
    void (*native)(struct area *state, uint8_t *memory);
    uint8_t code[2];
} operations[] = {
#define X87_OPERATION(name, text, opcode, modrm) {#name, native_##name, {opcode, modrm}},
#include "x87_operations.def"
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static bool is(const struct operation *operation, const char *name)
{
    return strcmp(operation->name, name) == 0;
}

/* Values at which something happens, and any. */
static WHV_UINT128 draw_value(struct random *random)
{
    static const uint16_t exponents[] = {0,      1,      0x3fff, 0x4000, 0xbfff, 0x401e,
                                         0x403e, 0x3f80, 0x7ffe, 0x7fff, 0xffff, 0x8000};
    static const uint64_t significands[] = {
        0, 1, UINT64_C(1) << 63, UINT64_C(3) << 62, UINT64_MAX, UINT64_C(0x8000000000000800)};
    WHV_UINT128 value = {.Low64 = random_next(random), .High64 = random_next(random) & 0xffff};
    if (!random_once_in(random, 3))
        value.High64 = exponents[random_below(random, sizeof(exponents) / sizeof(exponents[0]))];
    if (!random_once_in(random, 3))
        value.Low64 = significands[random_below(random, 6)];
    return value;
}

/* Any state in which nothing is pending. */
static void draw_state(struct random *random, struct area *state)
{
    memset(state, 0, sizeof(*state));
    state->control = (uint16_t)(random_once_in(random, 2) ? 0x37f : random_next(random));
    state->control = (uint16_t)((state->control & 0x1f3f) | 0x40);
    state->status = (uint16_t)(random_next(random) & 0x7f3f & state->control) |
                    (uint16_t)(random_below(random, 8) << 11);
    state->status &= (uint16_t) ~(EXCEPTIONS & ~state->control);
    state->tag = (uint8_t)(random_once_in(random, 3) ? random_next(random) : 0xff);
    state->mxcsr = MXCSR;
    for (unsigned i = 0; i < REGISTERS; i++)
        state->st[i] = draw_value(random);
}

static void draw_operand(struct random *random, uint8_t *operand)
{
    static const uint64_t corners[] = {0,
                                       UINT64_C(0x7ff0000000000001),
                                       UINT64_C(0x7ff8000000000000),
                                       UINT64_C(0x8000000000000000),
                                       UINT64_C(0x0000000000000001),
                                       UINT64_C(0x7f8000017f800001),
                                       UINT64_C(0x3ff0000000000000),
                                       UINT64_C(0x0000000100000001),
                                       UINT64_C(0x9999999999999999)};
    for (unsigned i = 0; i < OPERAND; i++)
        operand[i] = (uint8_t)random_next(random);
    if (!random_once_in(random, 3))
        memcpy(operand, &corners[random_below(random, sizeof(corners) / sizeof(corners[0]))], 8);
    if (random_once_in(random, 2)) {
        const WHV_UINT128 value = draw_value(random);
        memcpy(operand, &value, 10);
    }
}

static void give_guest(const struct area *state, const uint8_t *operand)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterCr0, 0x80000031);
    guest_set64(&guest, WHvX64RegisterRbx, AT);
    WHV_X64_FP_CONTROL_STATUS_REGISTER *x87 =
        &guest_reg(&guest, WHvX64RegisterFpControlStatus)->FpControlStatus;
    x87->FpControl = state->control;
    x87->FpStatus = state->status;
    x87->FpTag = state->tag;
    x87->LastFpRip = 0x1111;
    guest_reg(&guest, WHvX64RegisterXmmControlStatus)->XmmControlStatus =
        (WHV_X64_XMM_CONTROL_STATUS_REGISTER){.LastFpRdp = 0x2222, .XmmStatusControl = 0xffff7fff};
    for (unsigned i = 0; i < REGISTERS; i++)
        guest_reg(&guest, (WHV_REGISTER_NAME)(WHvX64RegisterFpMmx0 + i))->Reg128 = state->st[i];
    memcpy(guest.memory + AT, operand, OPERAND);
}

static uint32_t run(const struct operation *operation)
{
    return run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x1000, operation->code,
                      sizeof(operation->code));
}

/* @return what differs, or NULL. */
static const char *compare(const struct area *state, const uint8_t *operand)
{
    const WHV_X64_FP_CONTROL_STATUS_REGISTER *x87 =
        &guest_reg(&guest, WHvX64RegisterFpControlStatus)->FpControlStatus;
    if (x87->FpControl != state->control)
        return "the control word";
    if (x87->FpStatus != state->status)
        return "the status word";
    if (x87->FpTag != state->tag)
        return "the tags";
    for (unsigned i = 0; i < REGISTERS; i++) {
        const WHV_UINT128 *st =
            &guest_reg(&guest, (WHV_REGISTER_NAME)(WHvX64RegisterFpMmx0 + i))->Reg128;
        if (memcmp(st, &state->st[i], 10) != 0)
            return "a register";
    }
    return memcmp(guest.memory + AT, operand, OPERAND) == 0 ? NULL : "memory";
}

/* The processor's own pointers are of another program: zeros, or the guest's. */
static void take_pointers(const struct operation *operation, uint8_t *operand)
{
    if (is(operation, "fnstenv") || is(operation, "fnsave")) {
        memset(operand + 12, 0, 12);
        memset(guest.memory + AT + 12, 0, 12);
    }
}

Test(x87, does_what_this_machine_does)
{
    const uint64_t seed = random_setting("X87_SEED", random_seed());
    unsigned failures = 0;
    for (uint64_t i = 0; i < OPERATIONS * ROUNDS && failures < 20; i++) {
        const struct operation *operation = &operations[i % OPERATIONS];
        struct random random = random_of_index(seed, i);
        struct area state;
        uint8_t operand[OPERAND];
        draw_state(&random, &state);
        draw_operand(&random, operand);
        give_guest(&state, operand);
        const struct area before = state;
        cr_expect_eq(run(operation), 1, "%s", operation->name);
        operation->native(&state, operand);
        take_pointers(operation, operand);
        const char *what = compare(&state, operand);
        failures += what != NULL;
        cr_expect_null(what, "%s, X87_SEED=%#llx, %llu: %s; control %#x, status %#x to %#x",
                       operation->name, (unsigned long long)seed, (unsigned long long)i, what,
                       before.control, before.status, state.status);
    }
}

/* What is remembered is the guest's; control instructions leave it alone, or tell it. */
Test(x87, remembers_addresses_of_the_guest)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        const struct operation *operation = &operations[i];
        const struct area state = {.control = 0x37f, .tag = 0xff};
        static const uint8_t operand[OPERAND];
        give_guest(&state, operand);
        cr_expect_eq(run(operation), 1, "%s", operation->name);
        const WHV_X64_FP_CONTROL_STATUS_REGISTER *x87 =
            &guest_reg(&guest, WHvX64RegisterFpControlStatus)->FpControlStatus;
        const uint64_t rdp =
            guest_reg(&guest, WHvX64RegisterXmmControlStatus)->XmmControlStatus.LastFpRdp;
        const bool has_memory = operation->code[1] < 0xc0;
        const bool clears = is(operation, "fldenv") || is(operation, "frstor") ||
                            is(operation, "fnsave") || is(operation, "fninit");
        const bool is_control = clears || is(operation, "fldcw") || is(operation, "fnstcw") ||
                                is(operation, "fnstsw") || is(operation, "fnstenv") ||
                                is(operation, "fnclex") || is(operation, "fwait");
        const unsigned opcode = (operation->code[0] & 7u) << 8 | operation->code[1];
        cr_expect_eq(x87->LastFpRip,
                     clears       ? 0
                     : is_control ? 0x1111
                                  : 0x1000,
                     "%s: %#llx", operation->name, (unsigned long long)x87->LastFpRip);
        cr_expect_eq(rdp,
                     clears                      ? 0
                     : !is_control && has_memory ? AT
                                                 : 0x2222,
                     "%s: %#llx", operation->name, (unsigned long long)rdp);
        cr_expect_eq(x87->LastFpOp, is_control ? 0 : opcode, "%s: %#x", operation->name,
                     x87->LastFpOp);
    }
}

/* Also where it has something pending itself, and a stack that is in use. */
Test(x87, leaves_this_machines_state_alone)
{
    static const struct area states[] = {
        {.control = 0x37f, .mxcsr = MXCSR},
        {.control = 0x37f, .status = 0x1800, .tag = 0x5a, .mxcsr = 0x9fc0},
        {.control = 0x340, .status = 0xb8a1, .tag = 0xff, .mxcsr = 0x3fbf},
    };
    for (size_t i = 0; i < OPERATIONS * 3; i++) {
        const struct operation *operation = &operations[i / 3];
        struct random random = random_of_index(1, i);
        static struct area own, before, after;
        struct area state;
        uint8_t operand[OPERAND];
        draw_state(&random, &state);
        draw_operand(&random, operand);
        give_guest(&state, operand);
        before = states[i % 3];
        for (unsigned k = 0; k < REGISTERS; k++)
            before.st[k] = (WHV_UINT128){.Low64 = UINT64_C(1) << 63, .High64 = 0x3fff + k};
        const struct guest_exit exit =
            guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessExecute, 0x1000, operation->code,
                              sizeof(operation->code));
        WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
        __asm__ volatile("fxsave64 %0\n\tfxrstor64 %1" : "=m"(own) : "m"(before) : "memory");
        const struct guest_result result = guest_run(&guest, emulator, &exit);
        __asm__ volatile("fxsave64 %0\n\tfxrstor64 %1" : "=m"(after) : "m"(own) : "memory");
        WHvEmulatorDestroyEmulator(emulator);
        cr_expect_eq(result.status, 1, "%s", operation->name);
        cr_expect(after.control == before.control && after.status == before.status &&
                      after.tag == before.tag && after.mxcsr == before.mxcsr &&
                      memcmp(after.st, before.st, sizeof(after.st)) == 0,
                  "%s, state %zu: control %#x, status %#x, tags %#x, MXCSR %#x", operation->name,
                  i % 3, after.control, after.status, after.tag, after.mxcsr);
    }
}
