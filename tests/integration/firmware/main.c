/* SPDX-License-Identifier: MIT */
/*
 * Boots a PC firmware until it finds nothing to boot. Every access to a device is an exit, and
 * every exit is handed to the emulator, recorded by the recorder as the environment says.
 *
 * usage: firmware_vmm BIOS VGA_BIOS
 *
 * Prints what the firmware printed on its debug port, then counts. Exit code 0: it came to
 * "No bootable device."; 77: this machine lacks something; 1 otherwise.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "cpu.h"
#include "exits.h"

#define RAM_BYTES    (32u << 20)
#define MOST         (400u << 10) /* bytes of a ROM */
#define INSTRUCTIONS 100000000u   /* then it hangs */
#define PROMPT       "No bootable device."
#define LAST         "Rebooting."
/* Time is what happened, so that each run sees the same: nanoseconds for each. */
#define INSTRUCTION_TIME 10u
#define EXIT_TIME        2000u
#define SKIPPED          77

struct machine {
    struct cpu *cpu;
    struct board *board;
    struct exits *exits;
    uint64_t extra; /* ns beyond those of the instructions */
    uint64_t tsc_reads;
    uint64_t halts;
    uint64_t interrupts;
    unsigned typed;
};

static uint64_t now(const struct machine *machine)
{
    return cpu_instructions(machine->cpu) * INSTRUCTION_TIME + machine->extra;
}

static void read_tsc(struct machine *machine, const struct cpu_exit *exit)
{
    const uint64_t tsc = now(machine);
    WHV_REGISTER_VALUE value = {.Reg64 = (uint32_t)tsc};
    cpu_set(machine->cpu, WHvX64RegisterRax, &value);
    value.Reg64 = tsc >> 32;
    cpu_set(machine->cpu, WHvX64RegisterRdx, &value);
    cpu_skip(machine->cpu, exit);
    machine->extra += EXIT_TIME;
    machine->tsc_reads++;
}

/* A processor of family 6 with TSC, MSRs and a local APIC; no more leaves, no hypervisor. */
static void identify(struct machine *machine, const struct cpu_exit *exit)
{
    static const WHV_REGISTER_NAME names[4] = {WHvX64RegisterRax, WHvX64RegisterRbx,
                                               WHvX64RegisterRcx, WHvX64RegisterRdx};
    static const uint32_t leaves[2][4] = {{1, 0x756e6547, 0x6c65746e, 0x49656e69},
                                          {0x601, 0, 0, 1u << 4 | 1u << 5 | 1u << 9}};
    WHV_REGISTER_VALUE value;
    cpu_get(machine->cpu, WHvX64RegisterRax, &value);
    const uint64_t leaf = value.Reg64;
    for (unsigned i = 0; i < 4; i++) {
        value.Reg64 = leaf < 2 ? leaves[leaf][i] : 0;
        cpu_set(machine->cpu, names[i], &value);
    }
    cpu_skip(machine->cpu, exit);
    machine->extra += EXIT_TIME;
}

static bool deliver(struct machine *machine, uint8_t vector)
{
    if (cpu_interrupt(machine->cpu, vector))
        return true;
    fprintf(stderr, "interrupt %#x in protected mode\n", vector);
    return false;
}

static bool interrupt(struct machine *machine)
{
    machine->interrupts++;
    return deliver(machine, board_take_interrupt(machine->board));
}

/* Sleeps until the next interrupt. */
static bool halt(struct machine *machine, const struct cpu_exit *exit)
{
    WHV_REGISTER_VALUE flags;
    cpu_get(machine->cpu, WHvX64RegisterRflags, &flags);
    if (!(flags.Reg64 & 1u << 9))
        return false; /* for ever */
    cpu_skip(machine->cpu, exit);
    machine->halts++;
    while (!board_has_interrupt(machine->board)) {
        const uint64_t next = board_next_event(machine->board);
        if (next == UINT64_MAX)
            return false;
        if (next > now(machine))
            machine->extra += next - now(machine);
        board_set_time(machine->board, now(machine));
    }
    return interrupt(machine);
}

/* @return false if the machine cannot go on. */
static bool step(struct machine *machine)
{
    struct cpu_exit exit;
    const uint64_t next = board_next_event(machine->board);
    uint64_t deadline = INSTRUCTIONS;
    board_set_time(machine->board, now(machine));
    cpu_announce(machine->cpu, board_has_interrupt(machine->board));
    if (next != UINT64_MAX && next > now(machine))
        deadline = cpu_instructions(machine->cpu) + (next - now(machine)) / INSTRUCTION_TIME + 1;
    cpu_run(machine->cpu, deadline < INSTRUCTIONS ? deadline : INSTRUCTIONS, &exit);
    board_set_time(machine->board, now(machine));
    switch (exit.stop) {
    case CPU_STOP_PORT:
    case CPU_STOP_MEMORY:
        machine->extra += EXIT_TIME;
        return exits_emulate(machine->exits, &exit);
    case CPU_STOP_HALT:
        return halt(machine, &exit);
    case CPU_STOP_TSC:
        read_tsc(machine, &exit);
        return true;
    case CPU_STOP_CPUID:
        identify(machine, &exit);
        return true;
    case CPU_STOP_SOFTWARE:
        cpu_skip(machine->cpu, &exit);
        return deliver(machine, exit.vector);
    case CPU_STOP_INTERRUPT:
        return interrupt(machine);
    case CPU_STOP_DEADLINE:
        return cpu_instructions(machine->cpu) < INSTRUCTIONS;
    case CPU_STOP_ERROR:
        break;
    }
    fprintf(stderr, "at %#" PRIx64 ": %s\n", exit.linear, exit.error);
    return false;
}

/* Somebody who answers what the firmware asks. */
static void type(struct machine *machine)
{
    static const struct {
        const char *words;
        uint8_t code;
    } keys[] = {{"Press ESC for boot menu", 0x01}, {"Select boot device", 0x03 /* the second */}};
    if (machine->typed < sizeof(keys) / sizeof(keys[0]) &&
        strstr(board_debug_output(machine->board), keys[machine->typed].words))
        board_press(machine->board, keys[machine->typed++].code);
}

static bool boot(struct machine *machine)
{
    while (!strstr(board_debug_output(machine->board), LAST)) {
        type(machine);
        if (!step(machine)) {
            fprintf(stderr, "stopped after %" PRIu64 " instructions\n",
                    cpu_instructions(machine->cpu));
            return false;
        }
    }
    return strstr(board_debug_output(machine->board), PROMPT) != NULL;
}

static void print(const struct machine *machine)
{
    printf("%s\n---\n", board_debug_output(machine->board));
    printf("executed: %" PRIu64 ", interrupts %" PRIu64 ", HLT %" PRIu64 ", RDTSC %" PRIu64
           ", %" PRIu64 " ms\n",
           cpu_instructions(machine->cpu), machine->interrupts, machine->halts, machine->tsc_reads,
           now(machine) / 1000000);
    exits_print(machine->exits, stdout);
}

static uint8_t *load(const char *path, uint32_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(MOST);
    *size = file && bytes ? (uint32_t)fread(bytes, 1, MOST, file) : 0;
    if (file)
        fclose(file);
    if (*size)
        return bytes;
    fprintf(stderr, "%s cannot be read; package seabios has it\n", path);
    exit(SKIPPED);
}

int main(int argc, char **argv)
{
    struct machine machine = {0};
    struct board_setup setup = {.ram_bytes = RAM_BYTES};
    uint32_t rom_bytes;
    if (argc != 3) {
        fprintf(stderr, "usage: %s BIOS VGA_BIOS\n", argv[0]);
        return 1;
    }
    uint8_t *rom = load(argv[1], &rom_bytes);
    uint8_t *vga_rom = load(argv[2], &setup.vga_rom_bytes);
    setup.vga_rom = vga_rom;
    if (rom_bytes % 0x20000) {
        fprintf(stderr, "%s is no whole number of 128 KiB\n", argv[1]);
        return 1;
    }
    machine.cpu = cpu_create(RAM_BYTES, rom, rom_bytes);
    if (!machine.cpu)
        return SKIPPED;
    machine.board = board_create(&setup);
    machine.exits = machine.board ? exits_create(machine.cpu, machine.board) : NULL;
    const bool booted = machine.exits && boot(&machine);
    if (machine.exits)
        print(&machine);
    if (machine.exits)
        exits_destroy(machine.exits);
    if (machine.board)
        board_destroy(machine.board);
    cpu_destroy(machine.cpu);
    free(rom);
    free(vga_rom);
    return booted ? 0 : 1;
}
