/* SPDX-License-Identifier: MIT */
/*
 * IN, OUT, INS and OUTS at CPL 0, where this machine's processor cannot be asked: the emulator does
 * what Unicorn does, whatever the size, the prefixes, the direction and the kind of exit.
 *
 * ORACLE_PORTS  how many instructions, over all modes (default 90000)
 * ORACLE_SEED   repeats a run
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ports.h"
#include "rows_random.h"

#define DEFAULT_COUNT 90000u
#define FAILURES_MAX  5u
#define DATA          0x10000u /* everything below is left to the code */
#define FORMS         12u
#define RFLAGS_DF     UINT64_C(0x400)
#define RFLAGS_FIXED  UINT64_C(2)

static uint8_t unicorn_memory[PORTS_MEMORY] __attribute__((aligned(4096)));
static uint8_t emulator_memory[PORTS_MEMORY];

static const uint8_t opcodes[FORMS] = {0x6c, 0x6d, 0x6e, 0x6f, 0xe4, 0xe5,
                                       0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef};

static unsigned seen[FORMS][2]; /* by kind of exit */

static void emit(struct ports_case *the, unsigned byte)
{
    the->code[the->code_size++] = (uint8_t)byte;
}

/* Chooses prefixes in any order. @return the address size. */
static unsigned make_prefixes(struct rows_random *random, struct ports_case *the, int *override)
{
    static const uint8_t overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    bool has_66 = false, has_67 = false, has_w = false;
    *override = -1;
    for (unsigned left = rows_below(random, 5); left > 0; left--) {
        switch (rows_below(random, 4)) {
        case 0:
            emit(the, 0x66);
            has_66 = true;
            break;
        case 1:
            emit(the, 0x67);
            has_67 = true;
            break;
        case 2:
            emit(the, rows_once_in(random, 3) ? 0xf2 : 0xf3);
            the->has_rep = true;
            break;
        default:
            if (the->mode == ORACLE_64 && *override >= ORACLE_FS)
                break; /* Unicorn forgets FS and GS over a later ES, CS, SS or DS; processors do not
                        */
            *override = (int)rows_below(random, 6);
            emit(the, overrides[*override]);
            break;
        }
    }
    if (the->mode == ORACLE_64 && rows_once_in(random, 3)) {
        has_w = rows_once_in(random, 2);
        emit(the, 0x40 | (has_w ? 8 : 0) | rows_below(random, 8));
    }
    bool is16 = the->mode == ORACLE_16;
    the->size = is16 != has_66 && !has_w ? 2 : 4;
    return the->mode == ORACLE_64 ? (has_67 ? 4 : 8) : is16 != has_67 ? 2 : 4;
}

static void make_state(struct rows_random *random, struct ports_case *the)
{
    for (unsigned i = 0; i < 8; i++)
        the->gpr[i] = the->mode == ORACLE_64 ? rows_next(random) : (uint32_t)rows_next(random);
    the->rflags = RFLAGS_FIXED | (rows_next(random) & 0x8d5);
    if (rows_once_in(random, 2))
        the->rflags |= RFLAGS_DF;
    for (unsigned i = 0; i < 6; i++)
        the->selector[i] = (uint16_t)((DATA >> 4) + rows_below(random, 0x1000));
    the->selector[ORACLE_CS] = 0;
    the->base[ORACLE_FS] = DATA + rows_below(random, 0x100);
    the->base[ORACLE_GS] = DATA + rows_below(random, 0x100);
}

static void set_part(uint64_t *reg, unsigned size, uint64_t value)
{
    uint64_t mask = size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
    *reg = (*reg & ~mask) | (value & mask);
}

/* An offset from which a few elements either way stay in memory; with 16 bits any that is aligned,
 * because Unicorn knows no limits. */
static uint64_t pick_offset(struct rows_random *random, const struct ports_case *the,
                            unsigned address, bool has_base)
{
    if (the->mode == ORACLE_16 && address == 2)
        return rows_next(random) & ~(uint64_t)(the->size - 1u);
    if (the->mode == ORACLE_16)
        return 0x400 + rows_below(random, 0xf000);
    return (has_base ? 0 : DATA) + 0x400 + rows_below(random, 0x1000);
}

static void make_operands(struct rows_random *random, struct ports_case *the, unsigned address,
                          int override)
{
    bool has_base = the->mode == ORACLE_64 && override >= ORACLE_FS;
    if (the->has_rep)
        set_part(&the->gpr[ORACLE_RCX], address, rows_below(random, 20));
    set_part(&the->gpr[ORACLE_RSI], address, pick_offset(random, the, address, has_base));
    set_part(&the->gpr[ORACLE_RDI], address, pick_offset(random, the, address, false));
}

static void make(struct rows_random *random, enum oracle_mode mode, struct ports_case *the)
{
    int override;
    unsigned form = rows_below(random, FORMS);
    unsigned opcode = opcodes[form];
    *the = (struct ports_case){.mode = mode};
    make_state(random, the);
    unsigned address = make_prefixes(random, the, &override);
    emit(the, opcode);
    if (!(opcode & 1))
        the->size = 1;
    the->is_string = opcode < 0x70;
    the->is_out = (opcode & 2) != 0;
    the->port = (uint16_t)the->gpr[ORACLE_RDX];
    if ((opcode & 0xfc) == 0xe4) {
        the->port = (uint16_t)rows_below(random, 256);
        emit(the, the->port);
    }
    make_operands(random, the, address, override);
    uint64_t mask = address == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * address) - 1;
    bool does_nothing = the->is_string && the->has_rep && (the->gpr[ORACLE_RCX] & mask) == 0;
    the->is_port_exit = !does_nothing && rows_once_in(random, 2);
    seen[form][the->is_port_exit]++;
}

static const char *compare(const struct ports_state *unicorn, const struct ports_state *emulator)
{
    if (unicorn->failed || emulator->failed)
        return unicorn->failed ? "Unicorn fails" : "the emulator fails";
    if (unicorn->count != emulator->count)
        return "the number of accesses";
    for (unsigned i = 0; i < unicorn->count && i < PORTS_LOG; i++) {
        const struct ports_access *a = &unicorn->access[i], *b = &emulator->access[i];
        if (a->is_out != b->is_out || a->size != b->size || a->port != b->port ||
            a->value != b->value)
            return "an access";
    }
    if (memcmp(unicorn->gpr, emulator->gpr, sizeof(unicorn->gpr)) != 0)
        return "registers";
    if (unicorn->rip != emulator->rip || unicorn->rflags != emulator->rflags)
        return "rip or rflags";
    return memcmp(unicorn_memory, emulator_memory, PORTS_MEMORY) == 0 ? NULL : "memory";
}

static void print_state(const char *name, const struct ports_state *state)
{
    fprintf(stderr, "  %s: %s, %u accesses, rip %#llx, rflags %#llx\n  ", name,
            state->failed ? "failed" : "done", state->count, (unsigned long long)state->rip,
            (unsigned long long)state->rflags);
    for (unsigned i = 0; i < 8; i++)
        fprintf(stderr, " %#llx", (unsigned long long)state->gpr[i]);
    for (unsigned i = 0; i < state->count && i < 3; i++)
        fprintf(stderr, "\n   %s %#x, %u bytes, %#x", state->access[i].is_out ? "out" : "in",
                state->access[i].port, state->access[i].size, state->access[i].value);
    fprintf(stderr, "\n");
}

static void report(uint64_t seed, unsigned index, const struct ports_case *the,
                   const struct ports_state *unicorn, const struct ports_state *emulator,
                   const char *what)
{
    static const char *const modes[] = {"64", "32", "16"};
    fprintf(stderr, "ORACLE_SEED=%llu, number %u: %s-bit code", (unsigned long long)seed, index,
            modes[the->mode]);
    for (unsigned i = 0; i < the->code_size; i++)
        fprintf(stderr, " %02x", the->code[i]);
    fprintf(stderr, ", %s exit: %s\n  before:", the->is_port_exit ? "port" : "execute", what);
    for (unsigned i = 0; i < 8; i++)
        fprintf(stderr, " %#llx", (unsigned long long)the->gpr[i]);
    fprintf(stderr, "\n");
    print_state("Unicorn", unicorn);
    print_state("emulator", emulator);
}

static void run_mode(enum oracle_mode mode)
{
    uint64_t seed = rows_seed();
    unsigned count = (unsigned)rows_setting("ORACLE_PORTS", DEFAULT_COUNT) / 3;
    struct rows_random random = {seed + (uint64_t)mode};
    struct ports_unicorn *machine = ports_unicorn_create(mode, unicorn_memory);
    WHV_EMULATOR_HANDLE emulator = ports_emulator_create();
    unsigned failures = 0;
    cr_assert(machine && emulator);
    for (unsigned i = 0; i < PORTS_MEMORY; i++)
        unicorn_memory[i] = (uint8_t)rows_next(&random);
    memcpy(emulator_memory, unicorn_memory, PORTS_MEMORY);

    for (unsigned i = 0; i < count; i++) {
        struct ports_case the;
        struct ports_state by_unicorn, by_emulator;
        make(&random, mode, &the);
        ports_unicorn_run(machine, &the, &by_unicorn);
        ports_emulator_run(emulator, &the, emulator_memory, &by_emulator);
        const char *what = compare(&by_unicorn, &by_emulator);
        if (what && ++failures <= FAILURES_MAX)
            report(seed, i, &the, &by_unicorn, &by_emulator, what);
        if (what)
            memcpy(emulator_memory, unicorn_memory, PORTS_MEMORY);
    }
    fprintf(stderr, "seed %llu: %u instructions, %u differ\n", (unsigned long long)seed, count,
            failures);
    cr_expect_eq(failures, 0u);
    for (unsigned i = 0; i < 2 * FORMS && count >= 1000; i++)
        cr_expect_gt(seen[i / 2][i % 2], 0u, "opcode %02x was never run", opcodes[i / 2]);
    ports_unicorn_destroy(machine);
    cr_expect_eq(WHvEmulatorDestroyEmulator(emulator), S_OK);
}

Test(ports, in_64_bit_code_the_emulator_does_what_unicorn_does)
{
    run_mode(ORACLE_64);
}

Test(ports, in_32_bit_code_the_emulator_does_what_unicorn_does)
{
    run_mode(ORACLE_32);
}

Test(ports, in_real_mode_the_emulator_does_what_unicorn_does)
{
    run_mode(ORACLE_16);
}
