/* SPDX-License-Identifier: MIT */
/*
 * Boots a PC firmware. Every access to a device is an exit, and every exit is handed to the
 * emulator, recorded by the recorder as the environment says.
 *
 * Prints what the firmware printed on its debug port, then counts. Exit code 0: it came as far as
 * was asked for; 77: this machine lacks something; 1 otherwise.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "machine.h"

#define MOST         (4u << 20) /* bytes of a ROM */
#define INSTRUCTIONS 100000000u /* then it hangs */
#define PROMPT       "No bootable device."
#define LAST         "Rebooting."
#define SKIPPED      77
#define NUMBERS      5 /* options with a number */

static const char usage[] =
    "usage: firmware_vmm [OPTION]... BIOS [VGA_BIOS]\n"
    "  --flash N     flash is not executable: up to N instructions in it are execute exits\n"
    "  --compare N   the first N instructions go through the emulator and through Unicorn\n"
    "  --from N      those behind the first N, which are Unicorn's alone\n"
    "  --limit N     at most N instructions (default: 100000000)\n"
    "  --until GPA   the end is when an instruction in that page of RAM is executed;\n"
    "                default: when the firmware has found nothing to boot\n"
    "  --uefi        a machine for OVMF: 128 MiB, power management\n";

struct options {
    uint64_t flash;
    uint64_t compare;
    uint64_t from;
    uint64_t limit;
    uint64_t until;
    bool is_uefi;
    const char *rom;
    const char *vga_rom;
};

static bool parse_number(const char *text, uint64_t *value)
{
    char *end = NULL;
    if (!text)
        return false;
    *value = strtoull(text, &end, 0);
    return *text && !*end;
}

static bool parse(char **arguments, struct options *options)
{
    const struct {
        const char *name;
        uint64_t *value;
    } numbers[NUMBERS] = {{"--flash", &options->flash},
                          {"--compare", &options->compare},
                          {"--from", &options->from},
                          {"--limit", &options->limit},
                          {"--until", &options->until}};
    for (; *arguments && !strncmp(*arguments, "--", 2); arguments++) {
        unsigned i = 0;
        while (i < NUMBERS && strcmp(*arguments, numbers[i].name) != 0)
            i++;
        if (i < NUMBERS && !parse_number(*++arguments, numbers[i].value))
            return false;
        if (i == NUMBERS && strcmp(*arguments, "--uefi") != 0)
            return false;
        options->is_uefi |= i == NUMBERS;
    }
    if (!arguments[0] || (arguments[1] && arguments[2]))
        return false;
    options->rom = arguments[0];
    options->vga_rom = arguments[1];
    return true;
}

/* Somebody who answers what the firmware asks. */
static void type(struct machine *machine, unsigned *typed)
{
    static const struct {
        const char *words;
        uint8_t code;
    } keys[] = {{"Press ESC for boot menu", 0x01}, {"Select boot device", 0x03 /* the second */}};
    if (*typed < sizeof(keys) / sizeof(keys[0]) &&
        strstr(board_debug_output(machine->board), keys[*typed].words))
        board_press(machine->board, keys[(*typed)++].code);
}

static bool is_at_end(struct machine *machine, const struct options *options)
{
    if (options->until)
        return cpu_has_executed(machine->cpu, options->until);
    return strstr(board_debug_output(machine->board), LAST) != NULL;
}

static bool boot(struct machine *machine, const struct options *options)
{
    unsigned typed = 0;
    while (!is_at_end(machine, options)) {
        type(machine, &typed);
        if (!machine_step(machine)) {
            fprintf(stderr, "stopped after %" PRIu64 " instructions at %#" PRIx64 "\n",
                    cpu_instructions(machine->cpu), registers_code(cpu_registers(machine->cpu)));
            return false;
        }
    }
    return options->until || strstr(board_debug_output(machine->board), PROMPT);
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
    fprintf(stderr, "%s cannot be read; packages seabios and ovmf have such\n", path);
    exit(SKIPPED);
}

/* Runs the first instructions as they come. */
static bool skip(struct machine *machine, uint64_t count)
{
    const uint64_t limit = machine->limit;
    machine->limit = count;
    while (cpu_instructions(machine->cpu) < count)
        if (!machine_step(machine) && cpu_instructions(machine->cpu) < count)
            return false;
    machine->limit = limit;
    return true;
}

static bool run(struct machine *machine, const struct options *options)
{
    struct compare compare = {0};
    machine->limit = options->limit;
    machine->flash_limit = options->flash;
    if (options->compare) {
        const bool same = cpu_watch(machine->cpu) && skip(machine, options->from) &&
                          compare_run(machine, options->compare, &compare);
        compare_print(&compare, stdout);
        machine_print(machine, stdout);
        return same;
    }
    const bool booted = boot(machine, options);
    printf("%s\n---\n", board_debug_output(machine->board));
    machine_print(machine, stdout);
    return booted;
}

int main(int argc, char **argv)
{
    struct options options = {.limit = INSTRUCTIONS};
    struct machine machine = {0};
    struct machine_setup setup = {.board = {.ram_bytes = 32u << 20}};
    uint8_t *vga_rom = NULL;
    if (argc < 2 || !parse(argv + 1, &options)) {
        fputs(usage, stderr);
        return 1;
    }
    uint8_t *rom = load(options.rom, &setup.rom_bytes);
    if (options.vga_rom)
        setup.board.vga_rom = vga_rom = load(options.vga_rom, &setup.board.vga_rom_bytes);
    setup.rom = rom;
    if (setup.rom_bytes % 0x20000) {
        fprintf(stderr, "%s is no whole number of 128 KiB\n", options.rom);
        return 1;
    }
    if (options.is_uefi) {
        setup.board.ram_bytes = 128u << 20;
        setup.board.has_power_management = true;
    }
    if (!machine_create(&machine, &setup))
        return SKIPPED;
    const bool succeeded = run(&machine, &options);
    machine_destroy(&machine);
    free(rom);
    free(vga_rom);
    return succeeded ? 0 : 1;
}
