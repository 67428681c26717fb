/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <inttypes.h>
#include <string.h>

#include "deliver.h"
#include "paging.h"
#include "services.h"

/* Time is what happened, so that each run sees the same: nanoseconds for each. */
#define INSTRUCTION_TIME 10u
#define EXIT_TIME        2000u

uint64_t machine_now(const struct machine *machine)
{
    return cpu_instructions(machine->cpu) * INSTRUCTION_TIME + machine->extra;
}

static void skip(struct machine *machine, const struct cpu_exit *exit)
{
    cpu_skip(machine->cpu, exit);
    machine->extra += EXIT_TIME;
}

static bool take(struct machine *machine, const struct event *event)
{
    return deliver(&machine->memory, cpu_registers(machine->cpu), event);
}

static bool interrupt(struct machine *machine)
{
    machine->interrupts++;
    return take(machine, &(struct event){.vector = board_take_interrupt(machine->board)});
}

/* Sleeps until the next interrupt. */
static bool halt(struct machine *machine, const struct cpu_exit *exit)
{
    if (!(registers_get(cpu_registers(machine->cpu), WHvX64RegisterRflags) & RFLAGS_IF))
        return false; /* for ever */
    cpu_skip(machine->cpu, exit);
    machine->halts++;
    while (!board_has_interrupt(machine->board)) {
        const uint64_t next = board_next_event(machine->board);
        if (next == UINT64_MAX)
            return false;
        if (next > machine_now(machine))
            machine->extra += next - machine_now(machine);
        board_set_time(machine->board, machine_now(machine));
    }
    return interrupt(machine);
}

static void follow_chipset(struct machine *machine)
{
    if (machine->memory.has_low_rom == board_has_low_rom(machine->board))
        return;
    machine->memory.has_low_rom = board_has_low_rom(machine->board);
    cpu_remap_low_rom(machine->cpu);
}

/* Around the emulator. @return false if the machine cannot go on. */
static bool serve(struct machine *machine, const struct cpu_exit *exit)
{
    struct registers *registers = cpu_registers(machine->cpu);
    switch (exit->stop) {
    case CPU_STOP_PORT:
    case CPU_STOP_MEMORY:
        machine->extra += EXIT_TIME;
        if (!exits_emulate(machine->exits, exit) || !machine_settle(machine))
            return false;
        follow_chipset(machine);
        return true;
    case CPU_STOP_HALT:
        return halt(machine, exit);
    case CPU_STOP_TSC:
        services_read_tsc(registers, machine_now(machine));
        machine->tsc_reads++;
        break;
    case CPU_STOP_CPUID:
        services_identify(registers);
        break;
    case CPU_STOP_MSR:
        services_access_msr(registers, exit->is_write);
        break;
    case CPU_STOP_SOFTWARE:
        cpu_skip(machine->cpu, exit);
        return take(machine, &(struct event){.vector = exit->vector});
    case CPU_STOP_EXCEPTION:
        return take(machine, &(struct event){exit->vector, exit->has_error, exit->error_code});
    case CPU_STOP_INTERRUPT:
        return interrupt(machine);
    case CPU_STOP_FETCH:
        return true;
    case CPU_STOP_DEADLINE:
        return cpu_instructions(machine->cpu) < machine->limit;
    case CPU_STOP_ERROR:
        fprintf(stderr, "at %#" PRIx64 ": %s\n", exit->linear, exit->error);
        return false;
    }
    skip(machine, exit);
    return true;
}

bool machine_settle(struct machine *machine)
{
    struct registers *registers = cpu_registers(machine->cpu);
    WHV_X64_PENDING_EXCEPTION_EVENT *pending =
        &registers_at(registers, WHvRegisterPendingEvent)->ExceptionEvent;
    if (!pending->EventPending)
        return true;
    const struct event event = {(uint8_t)pending->Vector, pending->DeliverErrorCode,
                                pending->ErrorCode};
    if (event.vector == 14)
        registers_set(registers, WHvX64RegisterCr2, pending->ExceptionParameter);
    pending->EventPending = 0;
    return take(machine, &event);
}

static void note_refusal(struct machine *machine, const char *reason)
{
    unsigned i = 0;
    while (i < machine->refused_count && strcmp(machine->refused[i].reason, reason) != 0)
        i++;
    if (i == MACHINE_REFUSED)
        return;
    snprintf(machine->refused[i].reason, sizeof(machine->refused[i].reason), "%s", reason);
    machine->refused[i].count++;
    machine->refused_count += i == machine->refused_count;
}

bool machine_stand_in(struct machine *machine)
{
    struct cpu_exit exit;
    const char *reason = exits_reason(machine->exits);
    note_refusal(machine, reason);
    if (cpu_would_stop(machine->cpu, &exit))
        return serve(machine, &exit);
    if (cpu_step(machine->cpu, NULL, NULL, &exit))
        return true;
    fprintf(stderr, "at %#" PRIx64 ": %s, and Unicorn cannot do it\n", exit.linear, reason);
    return false;
}

bool machine_look_up(struct machine *machine)
{
    board_set_time(machine->board, machine_now(machine));
    cpu_announce(machine->cpu, board_has_interrupt(machine->board));
    follow_chipset(machine);
    return !cpu_is_interruptible(machine->cpu) || interrupt(machine);
}

bool machine_is_in_flash(struct machine *machine)
{
    const struct registers *registers = cpu_registers(machine->cpu);
    uint64_t gpa;
    return paging_translate(&machine->memory, registers, registers_code(registers),
                            WHvTranslateGvaFlagValidateExecute,
                            &gpa) == WHvTranslateGvaResultSuccess &&
           memory_is_rom(&machine->memory, gpa);
}

static unsigned mode_bit(const struct registers *registers)
{
    return 1u << (registers_is_64(registers)          ? MACHINE_64
                  : registers_is_long(registers)      ? MACHINE_COMPATIBILITY
                  : registers_is_protected(registers) ? MACHINE_PROTECTED
                                                      : MACHINE_REAL);
}

/* One execute exit. */
static bool execute(struct machine *machine)
{
    machine->in_flash++;
    machine->modes |= mode_bit(cpu_registers(machine->cpu));
    switch (exits_execute(machine->exits)) {
    case EXITS_DONE:
        cpu_count(machine->cpu);
        return true;
    case EXITS_EVENT:
        return machine_settle(machine);
    case EXITS_REFUSED:
        return machine_stand_in(machine);
    case EXITS_FAILED:
        break;
    }
    return false;
}

static uint64_t next_deadline(const struct machine *machine)
{
    const uint64_t next = board_next_event(machine->board);
    const uint64_t now = machine_now(machine);
    uint64_t deadline = machine->limit;
    if (next != UINT64_MAX && next > now)
        deadline = cpu_instructions(machine->cpu) + (next - now) / INSTRUCTION_TIME + 1;
    return deadline < machine->limit ? deadline : machine->limit;
}

/* Flash cannot be executed: exit after exit, until it is left or something else is to be done. */
static bool run_flash(struct machine *machine)
{
    const uint64_t deadline = next_deadline(machine);
    do {
        if (cpu_is_interruptible(machine->cpu))
            return interrupt(machine);
        if (!execute(machine))
            return false;
        follow_chipset(machine);
    } while (cpu_instructions(machine->cpu) < deadline &&
             machine->in_flash < machine->flash_limit && machine_is_in_flash(machine));
    return cpu_instructions(machine->cpu) < machine->limit;
}

bool machine_step(struct machine *machine)
{
    struct cpu_exit exit;
    board_set_time(machine->board, machine_now(machine));
    cpu_announce(machine->cpu, board_has_interrupt(machine->board));
    const bool is_closed = machine->in_flash < machine->flash_limit;
    if (is_closed && machine_is_in_flash(machine))
        return run_flash(machine);
    cpu_set_flash(machine->cpu, !is_closed);
    cpu_run(machine->cpu, next_deadline(machine), &exit);
    board_set_time(machine->board, machine_now(machine));
    return serve(machine, &exit);
}

bool machine_create(struct machine *machine, const struct machine_setup *setup)
{
    if (!memory_create(&machine->memory, setup->board.ram_bytes, setup->rom, setup->rom_bytes))
        return false;
    machine->cpu = cpu_create(&machine->memory);
    machine->board = machine->cpu ? board_create(&setup->board) : NULL;
    machine->exits =
        machine->board ? exits_create(machine->cpu, &machine->memory, machine->board) : NULL;
    if (machine->exits)
        return true;
    machine_destroy(machine);
    return false;
}

void machine_destroy(struct machine *machine)
{
    if (machine->exits)
        exits_destroy(machine->exits);
    if (machine->board)
        board_destroy(machine->board);
    if (machine->cpu)
        cpu_destroy(machine->cpu);
    memory_destroy(&machine->memory);
}

void machine_print(const struct machine *machine, FILE *file)
{
    static const char *const modes[MACHINE_MODES] = {"real", "protected", "compatibility",
                                                     "64-bit"};
    fprintf(file,
            "executed: %" PRIu64 ", interrupts %" PRIu64 ", HLT %" PRIu64 ", RDTSC %" PRIu64
            ", %" PRIu64 " ms\n",
            cpu_instructions(machine->cpu), machine->interrupts, machine->halts, machine->tsc_reads,
            machine_now(machine) / 1000000);
    exits_print(machine->exits, file);
    if (machine->in_flash) {
        fprintf(file, "in flash: %" PRIu64 ", modes:", machine->in_flash);
        for (unsigned i = 0; i < MACHINE_MODES; i++)
            if (machine->modes >> i & 1)
                fprintf(file, " %s", modes[i]);
        fputc('\n', file);
    }
    for (unsigned i = 0; i < machine->refused_count; i++)
        fprintf(file, "refused: %" PRIu64 " of %s\n", machine->refused[i].count,
                machine->refused[i].reason);
}
