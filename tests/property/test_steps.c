/* SPDX-License-Identifier: MIT */
/*
 * A repeated string instruction that the guest single-steps does what it does in one go: one
 * element for each call, a trap after each, RIP at the next instruction after the last.
 */
#include <string.h>

#include "property.h"

#define COUNT     60000u
#define RFLAGS_TF 0x100u
#define PORT_DATA 0x12345678u

#define ACCESSES_MAX 256u

struct accesses {
    size_t count;
    struct guest_event event[ACCESSES_MAX];
};

static struct guest guest;
static struct random_case made;
static struct guest_reg before[GUEST_REGS_MAX], whole_regs[GUEST_REGS_MAX];
static uint8_t memory[GUEST_MEMORY];
static struct accesses whole, stepped;

/* Adds what the last call read and wrote; all bytes of the code were given. Every call asks the TSS
   for permission. */
static void keep_accesses(struct accesses *accesses)
{
    for (size_t i = 0; i < guest.log_count; i++) {
        const struct guest_event *event = &guest.log[i];
        bool is_tss = !event->is_write && event->home - CASES_TSS < CASES_TSS_SIZE;
        bool is_access = event->kind == GUEST_IO || (event->kind == GUEST_MEMORY_ACCESS && !is_tss);
        if (is_access && accesses->count < ACCESSES_MAX)
            accesses->event[accesses->count++] = *event;
    }
}

static bool equal_accesses(void)
{
    if (whole.count != stepped.count)
        return false;
    for (size_t i = 0; i < whole.count; i++) {
        const struct guest_event *a = &whole.event[i];
        const struct guest_event *b = &stepped.event[i];
        if (a->kind != b->kind || a->home != b->home || a->address != b->address ||
            a->size != b->size || a->is_write != b->is_write || a->data != b->data)
            return false;
    }
    return true;
}

/* The exit at which the guest stops next. */
static void move_exit(void)
{
    made.exit.vp.Rip = guest_get64(&guest, WHvX64RegisterRip);
    made.exit.vp.Rflags = guest_get64(&guest, WHvX64RegisterRflags);
    made.exit.io.Rax = guest_get64(&guest, WHvX64RegisterRax);
    made.exit.io.Rcx = guest_get64(&guest, WHvX64RegisterRcx);
    made.exit.io.Rsi = guest_get64(&guest, WHvX64RegisterRsi);
    made.exit.io.Rdi = guest_get64(&guest, WHvX64RegisterRdi);
}

static bool equal_registers(void)
{
    for (size_t i = 0; i < guest.reg_count; i++) {
        WHV_REGISTER_VALUE a = whole_regs[i].value;
        WHV_REGISTER_VALUE b = guest.regs[i].value;
        if (guest.regs[i].name == WHvX64RegisterPendingDebugException)
            continue;
        if (guest.regs[i].name == WHvX64RegisterRflags)
            b.Reg64 &= ~(uint64_t)RFLAGS_TF;
        if (memcmp(&a, &b, sizeof(a)) != 0)
            return false;
    }
    return true;
}

/* In one go, with nothing pending that a fault would run into. */
static void run_whole(WHV_EMULATOR_HANDLE emulator)
{
    made.exit.vp.Rflags &= ~(uint64_t)RFLAGS_TF;
    made.exit.vp.ExecutionState.InterruptShadow = 0;
    guest_set64(&guest, WHvX64RegisterRflags, made.exit.vp.Rflags);
    guest_set64(&guest, WHvRegisterPendingEvent, 0);
    guest_set64(&guest, WHvRegisterPendingInterruption, 0);
    memcpy(before, guest.regs, sizeof(before));
    guest.port_data = PORT_DATA;
    whole.count = 0;
    guest_run(&guest, emulator, &made.exit);
    keep_accesses(&whole);
    memcpy(whole_regs, guest.regs, sizeof(whole_regs));
    cr_assert(guest_undo(&guest));
}

static bool has_fault(void)
{
    return guest.set_count > 0 && guest_reg(&guest, WHvRegisterPendingEvent)->Reg64 & 1;
}

/* @return the rule that is broken, or NULL; *steps receives the number of calls. */
static const char *run_stepped(WHV_EMULATOR_HANDLE emulator, unsigned *steps)
{
    const uint64_t rip = made.exit.vp.Rip;
    const uint64_t mask = made.mode == GUEST_LONG64 ? UINT64_MAX : UINT32_MAX;
    memcpy(guest.regs, before, sizeof(before));
    guest_set64(&guest, WHvX64RegisterRflags, made.exit.vp.Rflags | RFLAGS_TF);
    stepped.count = 0;
    for (*steps = 1; *steps < 16; ++*steps) {
        move_exit();
        guest.port_data = PORT_DATA + (*steps - 1) * 0x01010101;
        guest_set64(&guest, WHvX64RegisterPendingDebugException, 0);
        struct guest_result result = guest_run(&guest, emulator, &made.exit);
        keep_accesses(&stepped);
        if (guest.broken || result.status != 1 || has_fault())
            return guest.broken;
        if (guest_get64(&guest, WHvX64RegisterPendingDebugException) != 0x10)
            return "no trap after a step";
        if (guest_get64(&guest, WHvX64RegisterRip) == ((rip + made.size) & mask))
            return NULL;
        if (guest_get64(&guest, WHvX64RegisterRip) != rip)
            return "RIP is neither here nor at the next instruction";
    }
    return "it does not end";
}

static void try_case(struct property *property, uint64_t index, WHV_EMULATOR_HANDLE emulator,
                     unsigned *most)
{
    unsigned steps;
    run_whole(emulator);
    if (has_fault())
        property->faulted++;
    else
        property->completed++;
    const char *broken = run_stepped(emulator, &steps);
    if (!broken && !equal_accesses())
        broken = "other accesses than in one go";
    if (!broken && !equal_registers())
        broken = "other registers than in one go";
    if (broken)
        property_fail(property, index, &made, broken);
    if (steps > *most)
        *most = steps;
}

Test(steps, of_a_repeated_instruction_add_up_to_the_whole)
{
    struct property property = property_begin("steps", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    uint64_t repeated = 0;
    unsigned most = 0;
    cases_init(&guest, property.seed);
    memcpy(memory, guest.memory, sizeof(memory));
    for (uint64_t i = property.first; i < property.end; i++) {
        cases_make(&guest, property.seed, i, i, &made);
        if (model_repeats(&made.model)) {
            repeated++;
            try_case(&property, i, emulator, &most);
            memcpy(guest.memory, memory, sizeof(memory));
        }
        cases_clear(&guest, &made);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property.end = property.first + repeated;
    property_end(&property);
    if (repeated > 1000)
        cr_expect_geq(most, 4, "at most %u steps", most);
}
