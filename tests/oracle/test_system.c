/* SPDX-License-Identifier: MIT */
/*
 * System instructions, where this machine's processor cannot be asked, and those whose segments it
 * cannot be asked about: the emulator does what Unicorn does, but for what system_rows.def tells.
 *
 * ORACLE_SYSTEM  how many instructions, over all modes (default 60000)
 * ORACLE_SEED    repeats a run
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "system.h"

#define DEFAULT_COUNT 60000u
#define FAILURES_MAX  5u
#define ROWS_MAX      128u
#define ALL           UINT64_MAX

static uint8_t unicorn_memory[SYSTEM_MEMORY] __attribute__((aligned(4096)));
static uint8_t emulator_memory[SYSTEM_MEMORY];

static unsigned compared[ROWS_MAX]; /* instructions of a row */

struct run {
    enum system_mode mode;
    uint64_t seed;
    struct rows_random random;
    struct system_unicorn *machine;
    WHV_EMULATOR_HANDLE emulator;
    struct system_state init;
    unsigned failures;
};

static bool is_long(const struct system_case *the)
{
    return the->mode == SYSTEM_LONG;
}

/* @return the selector of a register after an instruction that did not fault. */
static unsigned loaded(const struct system_state *state, WHV_REGISTER_NAME name)
{
    return state->vector < 0 ? state->reg[name].Segment.Selector : UINT32_MAX;
}

/* @return whether an operand selects a TSS or gate of 16 bits, or a task gate. */
static bool is_of_16_bits(const struct system_case *the)
{
    const unsigned type = the->descriptor[0] >> 40 & 0x1f;
    return type == 1 || (type >= 3 && type <= 7);
}

/* @return whether what is pushed is as wide as the stack pointer. */
static bool is_of_stack_size(const struct system_case *the)
{
    const unsigned attributes = the->before.reg[WHvX64RegisterSs].Segment.Attributes;
    const bool is_16 = !is_long(the) && !(attributes & 0x4000);
    return is_16 == (the->operand_size == 2);
}

/* @return the bits of general-purpose registers about which Unicorn is wrong. */
static uint64_t wrong_bits(const struct system_case *the, const struct system_state *unicorn)
{
    const char *name = system_row_name(the->row);
    uint64_t all = 0;
#define SYSTEM_WRONG(mnemonic, when, bits, reason)                                                 \
    if (strcmp(name, #mnemonic) == 0 && (when))                                                    \
        all |= (bits);
#include "system_rows.def"
    return all;
}

/* Of a segment Unicorn tells the selector; of FS also the base, of GS in 64-bit mode, of LDTR and
 * TR all. */
static bool is_same_register(enum system_mode mode, WHV_REGISTER_NAME name,
                             const WHV_REGISTER_VALUE *a, const WHV_REGISTER_VALUE *b)
{
    const WHV_X64_SEGMENT_REGISTER *s = &a->Segment, *t = &b->Segment;
    if (name == WHvX64RegisterGdtr || name == WHvX64RegisterIdtr)
        return a->Table.Base == b->Table.Base && a->Table.Limit == b->Table.Limit;
    if (name < WHvX64RegisterEs || name > WHvX64RegisterTr)
        return a->Reg64 == b->Reg64;
    const bool has_base =
        name >= WHvX64RegisterFs && (name != WHvX64RegisterGs || mode == SYSTEM_LONG);
    if (s->Selector != t->Selector || (has_base && s->Base != t->Base))
        return false;
    return name < WHvX64RegisterLdtr || s->Selector < 4 ||
           (s->Limit == t->Limit && s->Attributes == t->Attributes);
}

static const char *compare(const struct system_case *the, const struct system_state *unicorn,
                           const struct system_state *emulator, uint64_t ignored)
{
    static const char *const names[SYSTEM_REGS] = {
        "rax", "rcx", "rdx", "rbx", "rsp",  "rbp", "rsi",  "rdi",    "r8",  "r9",
        "r10", "r11", "r12", "r13", "r14",  "r15", "rip",  "rflags", "es",  "cs",
        "ss",  "ds",  "fs",  "gs",  "ldtr", "tr",  "idtr", "gdtr",   "cr0", "cr2",
        "cr3", "cr4", "cr8", "dr0", "dr1",  "dr2", "dr3",  "dr6",    "dr7"};
    if (unicorn->failed || emulator->failed)
        return unicorn->failed ? "Unicorn fails" : "the emulator fails";
    if (unicorn->vector != emulator->vector)
        return "the exception";
    for (WHV_REGISTER_NAME name = 0; name < SYSTEM_REGS; name++) {
        if (name == WHvX64RegisterRip && unicorn->vector >= 0)
            continue;
        if (name <= WHvX64RegisterR15 &&
            ((unicorn->reg[name].Reg64 ^ emulator->reg[name].Reg64) & ~ignored) == 0)
            continue;
        if (!is_same_register(the->mode, name, &unicorn->reg[name], &emulator->reg[name]))
            return names[name];
    }
    return memcmp(unicorn_memory, emulator_memory, SYSTEM_MEMORY) == 0 ? NULL : "memory";
}

static void print_state(const char *name, const struct system_state *state)
{
    fprintf(stderr, "  %s: %s, vector %d, rip %#llx, rflags %#llx\n   ", name,
            state->failed ? "failed" : "done", state->vector,
            (unsigned long long)state->reg[WHvX64RegisterRip].Reg64,
            (unsigned long long)state->reg[WHvX64RegisterRflags].Reg64);
    for (unsigned i = 0; i < 16; i++)
        fprintf(stderr, " %llx", (unsigned long long)state->reg[i].Reg64);
    for (unsigned i = WHvX64RegisterEs; i <= WHvX64RegisterTr; i++) {
        const WHV_X64_SEGMENT_REGISTER *segment = &state->reg[i].Segment;
        fprintf(stderr, "%s%x:%llx:%x:%x", i == WHvX64RegisterEs ? "\n    " : " ",
                segment->Selector, (unsigned long long)segment->Base, segment->Limit,
                segment->Attributes);
    }
    for (unsigned i = WHvX64RegisterIdtr; i <= WHvX64RegisterGdtr; i++)
        fprintf(stderr, " %llx:%x", (unsigned long long)state->reg[i].Table.Base,
                state->reg[i].Table.Limit);
    for (unsigned i = WHvX64RegisterCr0; i <= WHvX64RegisterCr8; i++)
        fprintf(stderr, " %llx", (unsigned long long)state->reg[i].Reg64);
    fprintf(stderr, "\n");
}

static void print_memory(void)
{
    unsigned left = 8;
    for (unsigned i = 0; i < SYSTEM_MEMORY && left > 0; i++) {
        if (unicorn_memory[i] == emulator_memory[i])
            continue;
        fprintf(stderr, "  at %#x Unicorn has %02x, the emulator %02x\n", i, unicorn_memory[i],
                emulator_memory[i]);
        left--;
    }
}

static void report(const struct run *run, unsigned index, const struct system_case *the,
                   const struct system_state *unicorn, const struct system_state *emulator,
                   const char *what)
{
    static const char *const modes[] = {"real mode", "protected mode", "64-bit mode"};
    fprintf(stderr, "ORACLE_SEED=%llu, number %u: %s in %s,", (unsigned long long)run->seed, index,
            system_row_name(the->row), modes[the->mode]);
    for (unsigned i = 0; i < the->code_size; i++)
        fprintf(stderr, " %02x", the->code[i]);
    fprintf(stderr, ": %s\n", what);
    print_state("before", &the->before);
    print_state("Unicorn", unicorn);
    print_state("emulator", emulator);
    print_memory();
}

/* @return whether one instruction did what it should. */
static bool run_one(struct run *run, unsigned index)
{
    struct system_case the;
    struct system_state by_unicorn, by_emulator;
    system_make(&run->random, run->mode, &run->init, unicorn_memory, &the);
    memcpy(emulator_memory, unicorn_memory, SYSTEM_MEMORY);
    system_unicorn_run(run->machine, &the, &by_unicorn);
    system_emulator_run(run->emulator, &the, emulator_memory, &by_emulator);
    const uint64_t wrong = wrong_bits(&the, &by_unicorn);
    if (wrong == ALL)
        return true;
    compared[the.row]++;
    const char *what = compare(&the, &by_unicorn, &by_emulator, wrong);
    if (what && run->failures < FAILURES_MAX)
        report(run, index, &the, &by_unicorn, &by_emulator, what);
    return !what;
}

static void run_mode(enum system_mode mode)
{
    const unsigned count = (unsigned)rows_setting("ORACLE_SYSTEM", DEFAULT_COUNT) / SYSTEM_MODES;
    struct run run = {.mode = mode, .seed = rows_seed()};
    run.random.state = run.seed + (uint64_t)mode;
    run.machine = system_unicorn_create(mode, unicorn_memory, &run.init);
    run.emulator = system_emulator_create();
    cr_assert(run.machine && run.emulator);
    cr_assert_leq(system_rows(), ROWS_MAX);
    for (unsigned i = 0; i < SYSTEM_MEMORY; i++)
        unicorn_memory[i] = (uint8_t)rows_next(&run.random);
    for (unsigned i = 0; i < count; i++)
        run.failures += !run_one(&run, i);
    fprintf(stderr, "seed %llu: %u instructions, %u differ\n", (unsigned long long)run.seed, count,
            run.failures);
    cr_expect_eq(run.failures, 0u);
    for (unsigned i = 0; i < system_rows() && count >= 5000; i++) {
        if (system_row_is_in(i, mode))
            cr_expect_gt(compared[i], 0u, "row %u, %s, was never compared", i, system_row_name(i));
    }
    system_unicorn_destroy(run.machine);
    cr_expect_eq(WHvEmulatorDestroyEmulator(run.emulator), S_OK);
}

Test(system_rows, in_real_mode_the_emulator_does_what_unicorn_does)
{
    run_mode(SYSTEM_REAL);
}

Test(system_rows, in_protected_mode_the_emulator_does_what_unicorn_does)
{
    run_mode(SYSTEM_PROTECTED);
}

Test(system_rows, in_64_bit_mode_the_emulator_does_what_unicorn_does)
{
    run_mode(SYSTEM_LONG);
}
