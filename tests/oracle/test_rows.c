/* SPDX-License-Identifier: MIT */
/*
 * Every row of rows_table.def in every mode: the emulator does what this machine's processor does,
 * whatever the operands, prefixes, addresses, segments and pages. test_rows_table shows that these
 * are all rows of the emulator's own table.
 *
 * ORACLE_COUNT  how many instructions, over all modes (default 600000)
 * ORACLE_SEED   repeats a run
 * ORACLE_INDEX  runs this one instruction of it alone
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rows.h"

#define DEFAULT_COUNT 600000u
#define FAILURES_MAX  5u
#define VECTORS       32u

struct tally {
    uint64_t completed;
    uint64_t stepped; /* with the trap of TF after them, or within a REP */
    uint64_t trapped[VECTORS];
    unsigned failures;
    uint32_t finished[ROWS_TABLE_MAX][2]; /* completed, by row, with memory and with a register */
};

static struct rows_world world;
static struct rows_case made;
static struct oracle_out processor, emulated;

static void report(uint64_t index, const struct oracle_answer *answer, const char *difference)
{
    static const char *const contexts[] = {"long mode", "legacy mode", "real mode", "vm86"};
    char text[1024];
    oracle_describe(&made.in, text, sizeof(text));
    cr_expect_fail(
        "ORACLE_SEED=%llu ORACLE_INDEX=%llu\n%s  %s, exit %d, gva %s%#llx, %u bytes missing\n"
        "  processor: %s, vector %u; emulator: result %#x, status %#x%s%s\n%s",
        (unsigned long long)world.seed, (unsigned long long)index, text, contexts[made.context],
        (int)made.exit.access, made.exit.gva_valid ? "" : "unknown ",
        (unsigned long long)made.exit.gva, made.exit.bytes_missing,
        processor.completed ? "completed" : "fault", processor.trap, (unsigned)answer->hr,
        answer->status, answer->broken ? ", " : "", answer->broken ? answer->broken : "",
        difference);
}

/* Of a large operand any byte may be tried first, AMD begins with the last one; and whether it is
   aligned is asked later than of 16 bytes, and may be #AC. SDM 2A, "FXSAVE". */
static void settle_block(const struct row *row)
{
    if (row->memory_size != 512)
        return;
    if (processor.trap == 14 && emulated.trap == 14) {
        processor.address = emulated.address;
        processor.error = emulated.error;
    }
    if ((processor.trap == 12 || processor.trap == 17) && emulated.trap == 13)
        processor.trap = emulated.trap;
}

static bool is_of_memory(unsigned vector)
{
    return (vector >= 12 && vector <= 14) || vector == 17;
}

/* In which order pieces are accessed, so which of their faults comes first, and what it leaves of
   those before it, no manual tells: AMD's processors keep registers that POPA has popped. */
static void settle_pieces(const struct row *row)
{
    if (!(row->traits & PIECES) || !is_of_memory(processor.trap) || !is_of_memory(emulated.trap))
        return;
    processor.trap = emulated.trap;
    processor.address = emulated.address;
    processor.error = emulated.error;
    memcpy(processor.memory, emulated.memory, processor.memory_size);
    memcpy(processor.gpr, emulated.gpr, sizeof(processor.gpr));
}

static void run_one(enum oracle_mode mode, uint64_t index, WHV_EMULATOR_HANDLE emulator,
                    struct tally *tally)
{
    char difference[1024] = "";
    rows_make(&world, mode, index, &made);
    cr_assert(oracle_run(&made.in, &processor), "the oracle refuses ORACLE_SEED=%llu, index %llu",
              (unsigned long long)world.seed, (unsigned long long)index);
    /* An access that faults does not exit: then no address of it is told. */
    if (!processor.completed && processor.trap >= 12)
        made.exit.gva_valid = false;
    struct oracle_answer answer =
        oracle_guest_run_in(emulator, made.context, &made.in, &made.exit, &emulated);
    tally->stepped += processor.stepped;
    if (processor.completed) {
        tally->completed++;
        tally->finished[made.shape.row][made.shape.is_register]++;
    } else if (!processor.stepped)
        tally->trapped[processor.trap % VECTORS]++;
    if (made.context == ORACLE_REAL)
        processor.error = 0;
    settle_block(&rows_table[made.shape.row]);
    settle_pieces(&rows_table[made.shape.row]);
    processor.rflags &= ~made.undefined;
    emulated.rflags &= ~made.undefined;
    bool is_fine = answer.hr == S_OK && answer.status == 1 && !answer.broken;
    if (oracle_compare(&made.in, &processor, &emulated, difference, sizeof(difference)) && is_fine)
        return;
    /* A selector that memory happened to hold: what Linux's table holds is not known here. */
    if (is_fine && !emulated.completed && oracle_guest_is_gdt(emulated.address))
        return;
    if (++tally->failures <= FAILURES_MAX)
        report(index, &answer, difference);
}

static void print_tally(const char *name, uint64_t count, const struct tally *tally)
{
    fprintf(stderr, "%s: seed %llu, %llu instructions: %llu complete, %llu stepped", name,
            (unsigned long long)world.seed, (unsigned long long)count,
            (unsigned long long)tally->completed, (unsigned long long)tally->stepped);
    for (unsigned i = 0; i < VECTORS; i++) {
        if (tally->trapped[i] > 0)
            fprintf(stderr, ", vector %u %llu", i, (unsigned long long)tally->trapped[i]);
    }
    fprintf(stderr, "; %u differ\n", tally->failures);
    for (unsigned i = 0; rows_missing_feature(i); i++)
        fprintf(stderr, "left out: what needs %s, which this processor has not\n",
                rows_missing_feature(i));
}

/* @return whether an instruction of this row and form can complete. */
static bool can_finish(const struct row *row, bool is_register)
{
    bool has_modrm = row->form <= TO_SREG || row->form == STACK_RM;
    return !(row->traits & (ILLEGAL | PRIVILEGED)) &&
           !(is_register ? !has_modrm || (row->traits & ONLY_MEM) : row->traits & ONLY_REG);
}

/* A generator that avoids what is difficult would pass as well. */
static void expect_variety(enum oracle_mode mode, uint64_t count, const struct tally *tally)
{
    const struct rows_choice *choice = &world.choice[mode];
    cr_expect_gt(tally->completed, count / 4);
    cr_expect_gt(tally->trapped[6], 0u, "no #UD");
    cr_expect_gt(tally->trapped[13], 0u, "no #GP");
    cr_expect_gt(tally->trapped[14], 0u, "no #PF");
    cr_expect(tally->trapped[17] > 0 || world.habits.pages_first, "no #AC");
    cr_expect_gt(tally->trapped[12], 0u, "no #SS");
    for (unsigned i = 0; i < choice->count; i++) {
        const struct row *row = &rows_table[choice->row[i]];
        for (unsigned form = 0; form < 2; form++)
            cr_expect(tally->finished[choice->row[i]][form] > 0 || !can_finish(row, form),
                      "map %02x, opcode %02x /%u, %s: never completed", row->map, row->opcode,
                      row->digit, form ? "register" : "memory");
    }
}

static void run_mode(const char *name, enum oracle_mode mode)
{
    static struct tally tally;
    uint64_t count = rows_setting("ORACLE_COUNT", DEFAULT_COUNT) / 3;
    uint64_t only = rows_setting("ORACLE_INDEX", UINT64_MAX);
    if (!oracle_has_mode(mode) || !oracle_has_mode(ORACLE_64))
        cr_skip_test("this machine cannot run that mode");
    rows_world_init(&world, rows_seed());
    WHV_EMULATOR_HANDLE emulator = oracle_guest_create();
    cr_assert_not_null(emulator);

    uint64_t first = only == UINT64_MAX ? 0 : only;
    uint64_t end = only == UINT64_MAX ? count : only + 1;
    for (uint64_t i = first; i < end; i++)
        run_one(mode, i, emulator, &tally);
    print_tally(name, end - first, &tally);
    cr_expect_eq(tally.failures, 0u, "%u instructions differ", tally.failures);
    cr_expect_eq(WHvEmulatorDestroyEmulator(emulator), S_OK);

    if (end - first >= (uint64_t)ROWS_SHAPES * world.choice[mode].count)
        expect_variety(mode, end - first, &tally);
}

Test(rows, in_64_bit_code_the_emulator_does_what_the_processor_does)
{
    run_mode("64-bit code", ORACLE_64);
}

Test(rows, in_32_bit_code_the_emulator_does_what_the_processor_does)
{
    run_mode("32-bit code", ORACLE_32);
}

Test(rows, in_16_bit_code_the_emulator_does_what_the_processor_does)
{
    run_mode("16-bit code", ORACLE_16);
}
