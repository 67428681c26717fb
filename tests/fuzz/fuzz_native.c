/* SPDX-License-Identifier: MIT */
/*
 * Any bytes that the emulator takes for an instruction it knows: it does what this machine's
 * processor does with them. The emulator goes first. What it refuses is not run; neither is what it
 * says faults in a page outside the arena, where the processor would find this program's own
 * memory.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "native_input.h"
#include "table.h"
#include "target.h"

#define WORLD_SEED UINT64_C(1)
#define VECTORS    32u
#define PF         14u
#define AC         17u

static struct {
    unsigned long inputs, invalid, unfit, refused, far, completed, stepped, trapped[VECTORS];
} tally;

static struct rows_world world;
static struct rows_case made;
static struct oracle_out processor, emulated;

static bool has_oracle(void)
{
    return oracle_has_mode(ORACLE_64) && oracle_has_mode(ORACLE_32) && oracle_has_mode(ORACLE_16);
}

static WHV_EMULATOR_HANDLE emulator_of_world(void)
{
    static WHV_EMULATOR_HANDLE emulator;
    if (!emulator && has_oracle()) {
        rows_world_init(&world, WORLD_SEED);
        emulator = oracle_guest_create();
    }
    return emulator;
}

static bool is_far(const struct oracle_out *out)
{
    bool is_code = out->address / ORACLE_PAGE == ORACLE_CODE16 / ORACLE_PAGE;
    return out->trap == PF && !is_code && out->address - ORACLE_ARENA >= ORACLE_ARENA_SIZE;
}

/* With guest registers in place no handler of this program may run: libFuzzer has some. */
static bool run_processor(void)
{
    sigset_t wanted, before;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGALRM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGUSR1);
    sigaddset(&wanted, SIGUSR2);
    sigprocmask(SIG_BLOCK, &wanted, &before);
    bool has_run = oracle_run(&made.in, &processor);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return has_run;
}

static void report(const struct oracle_answer *answer, const char *difference)
{
    static const char *const contexts[] = {"long mode", "legacy mode", "real mode", "vm86"};
    char text[2048];
    oracle_describe(&made.in, text, sizeof(text));
    fuzz_fail("%s  %s, exit %d, gva %s%#llx, %u bytes missing\n"
              "  processor: %s, vector %u; emulator: result %#x, status %#x%s%s\n%s",
              text, contexts[made.context], (int)made.exit.access,
              made.exit.gva_valid ? "" : "unknown ", (unsigned long long)made.exit.gva,
              made.exit.bytes_missing, processor.completed ? "completed" : "fault", processor.trap,
              (unsigned)answer->hr, answer->status, answer->broken ? ", " : "",
              answer->broken ? answer->broken : "", difference);
}

static void compare(WHV_EMULATOR_HANDLE emulator)
{
    char difference[2048] = "";
    struct oracle_answer answer =
        oracle_guest_run_in(emulator, made.context, &made.in, &made.exit, &emulated);
    if (answer.hr == S_OK && answer.status == 2 && !answer.broken) {
        tally.refused++;
        return;
    }
    if (answer.hr != S_OK || answer.status != 1 || answer.broken)
        report(&answer, "  the processor was not asked\n");
    if (is_far(&emulated)) {
        tally.far++;
        return;
    }
    if (!run_processor())
        fuzz_fail("the oracle refuses the input");
    if (made.context == ORACLE_REAL)
        processor.error = 0; /* real mode delivers none */
    tally.stepped += processor.stepped;
    if (processor.completed)
        tally.completed++;
    else if (!processor.stepped)
        tally.trapped[processor.trap % VECTORS]++;
    processor.rflags &= ~made.undefined;
    emulated.rflags &= ~made.undefined;
    if (!oracle_compare(&made.in, &processor, &emulated, difference, sizeof(difference)))
        report(&answer, difference);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct native_insn insn;
    WHV_EMULATOR_HANDLE emulator = emulator_of_world();
    if (!emulator)
        return 0;
    tally.inputs++;
    enum native_verdict verdict = native_read(&world, data, size, &made, &insn);
    tally.invalid += verdict == NATIVE_INVALID;
    tally.unfit += verdict == NATIVE_UNFIT;
    if (verdict == NATIVE_RUNS)
        compare(emulator);
    return 0;
}

static void each_seed(fuzz_take *take, void *user)
{
    size_t count;
    const struct fuzz_insn *table = fuzz_table(&count);
    for (size_t i = 0; i < count && emulator_of_world(); i++) {
        uint8_t bytes[NATIVE_INPUT] = {0};
        bytes[0] = table[i].bits == 64 ? ORACLE_64 : table[i].bits == 32 ? ORACLE_32 : ORACLE_16;
        bytes[1] = i % 3 ? 0 : 0x20; /* DF */
        bytes[2] = (uint8_t)((!table[i].has_memory ? 0 : table[i].is_write ? 2 : 1) | (i & 8));
        bytes[4] = (uint8_t)(16 + i % 64);
        bytes[6] = (uint8_t)i;
        memcpy(bytes + NATIVE_CODE, table[i].bytes, table[i].size);
        bytes[NATIVE_CONTEXT] = (uint8_t)((i % 4) << 1 | (i % 5 == 0));
        for (unsigned reg = 0; reg < 16; reg++) {
            uint8_t *value = &bytes[NATIVE_REGISTERS + 9 * reg];
            value[0] = reg == ORACLE_RCX ? 8 : (uint8_t)(i + reg) % 8;
            value[1] = (uint8_t)(i + reg);
            value[6] = (uint8_t)(i & 2); /* above the low half */
        }
        take(user, bytes, sizeof(bytes));
    }
}

static void each_word(fuzz_take *take, void *user)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67,
                                       0xf0, 0xf2, 0xf3, 0x40, 0x41, 0x44, 0x48, 0x4f};
    for (size_t i = 0; i < sizeof(prefixes); i++)
        take(user, &prefixes[i], 1);
}

static bool has_reached_all(void)
{
    static const unsigned vectors[] = {0, 6, 12, 13, 14, 17};
    bool has_all = tally.completed > tally.inputs / 8 && tally.stepped > 0;
    printf("%lu inputs: %lu no instruction, %lu not to be compared, %lu refused, %lu far away, %lu "
           "completed, %lu stepped",
           tally.inputs, tally.invalid, tally.unfit, tally.refused, tally.far, tally.completed,
           tally.stepped);
    for (unsigned i = 0; i < VECTORS; i++) {
        if (tally.trapped[i] > 0)
            printf(", vector %u %lu", i, tally.trapped[i]);
    }
    printf("\n");
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        has_all &= tally.trapped[vectors[i]] > 0 || (vectors[i] == AC && world.habits.pages_first);
    return has_all;
}

const struct fuzz_target fuzz_target = {.name = "fuzz_native",
                                        .input_max = NATIVE_INPUT,
                                        .each_seed = each_seed,
                                        .each_word = each_word,
                                        .has_reached_all = has_reached_all};
