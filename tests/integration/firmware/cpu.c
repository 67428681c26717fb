/* SPDX-License-Identifier: MIT */
#include "cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "paging.h"

#define NOWHERE 0x800000000000ULL /* an address at which no code ends: not canonical */
#define LONGEST 15

struct cpu {
    uc_engine *uc;
    struct engine *engine;
    struct memory *memory;
    struct registers registers;
    bool flash_executes;
    uint64_t instructions;
    uint64_t deadline;
    uint64_t linear;        /* of the current instruction */
    bool is_looked_at[256]; /* by the first byte */
    bool is_pending;
    bool shadow;  /* this instruction follows one behind which no interrupt is taken */
    bool shadows; /* this one is such */
    bool stopped;
    bool steps; /* one instruction: */
    uint64_t step;
    bool step_repeats;
    bool has_stepped;
    struct cpu_store *stores;
    size_t store_count;
    struct cpu_exit exit;
};

static void stop(struct cpu *cpu, enum cpu_stop why)
{
    cpu->exit.stop = why;
    cpu->exit.linear = cpu->linear;
    cpu->stopped = true;
    uc_emu_stop(cpu->uc);
}

static bool is_prefix(uint8_t byte)
{
    /* Operand and address size, REP, LOCK, segments. */
    return (byte & 0xfe) == 0x66 || (byte & 0xfe) == 0xf2 || byte == 0xf0 ||
           (byte & 0xfe) == 0x64 || (byte & 0xe7) == 0x26;
}

static bool is_port(uint8_t opcode)
{
    return (opcode & 0xfc) == 0x6c || (opcode & 0xf4) == 0xe4;
}

static bool is_two_byte_stop(uint8_t opcode, enum cpu_stop *why)
{
    *why = opcode == 0x31 ? CPU_STOP_TSC : opcode == 0xa2 ? CPU_STOP_CPUID : CPU_STOP_MSR;
    return opcode == 0x31 || opcode == 0xa2 || opcode == 0x30 || opcode == 0x32;
}

/* Whether an instruction holds interrupts back until behind the next. SDM 3A 6.8.3, 2B "STI". */
enum holds { HOLDS_NOT, HOLDS, HOLDS_UNLESS_IF };

static enum holds holds_back(uint8_t opcode, uint8_t next)
{
    if (opcode == 0xfb)
        return HOLDS_UNLESS_IF;
    const bool loads_ss = opcode == 0x17 || (opcode == 0x8e && (next & 0x38) == 0x10);
    return loads_ss ? HOLDS : HOLDS_NOT;
}

/* What has to be done by somebody else is recognised by its first bytes: LONGEST + 1 of them.
 * @param size of the instruction: elsewhere than in 64-bit code 40h to 4Fh are one of one byte.
 * @return whether this is such; `exit` is written then. */
static bool recognise(const uint8_t *code, unsigned size, struct cpu_exit *exit, enum holds *holds)
{
    bool prefix66 = false;
    bool rep = false;
    unsigned at = 0;
    for (; at < LONGEST && is_prefix(code[at]); at++) {
        prefix66 |= code[at] == 0x66;
        rep |= (code[at] & 0xfe) == 0xf2;
    }
    at += at + 1 < size && at < LONGEST && (code[at] & 0xf0) == 0x40; /* REX */
    const uint8_t opcode = at < LONGEST ? code[at] : 0;
    const uint8_t next = at < LONGEST ? code[at + 1] : 0;
    enum cpu_stop why = CPU_STOP_ERROR;
    unsigned length = 1;
    *holds = holds_back(opcode, next);
    if (is_port(opcode)) {
        why = CPU_STOP_PORT;
        length = opcode >= 0xe4 && opcode <= 0xe7 ? 2 : 1;
    } else if (opcode == 0xf4) {
        why = CPU_STOP_HALT;
    } else if (opcode == 0xcd) {
        why = CPU_STOP_SOFTWARE;
        length = 2;
    } else if (opcode == 0x0f && is_two_byte_stop(next, &why)) {
        length = 2;
    } else {
        return false;
    }
    *exit = (struct cpu_exit){.stop = why,
                              .length = (uint8_t)(at + length),
                              .opcode = opcode,
                              .vector = next,
                              .has_66 = prefix66,
                              .repeats = rep,
                              .is_write = next == 0x30};
    return true;
}

/* By its first byte an instruction may be one that recognise() tells. */
static void choose_looked_at(struct cpu *cpu)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t code[LONGEST + 1] = {(uint8_t)byte, 0x10};
        struct cpu_exit exit;
        enum holds holds;
        const bool is_stop = recognise(code, 1, &exit, &holds);
        cpu->is_looked_at[byte] =
            is_stop || holds != HOLDS_NOT || is_prefix(code[0]) || byte == 0x0f;
    }
}

/* @return the bytes at an address, with zeros behind the end of memory. */
static const uint8_t *code_at(const struct cpu *cpu, uint64_t linear, uint8_t copy[LONGEST + 1])
{
    const uint8_t *all = memory_at(cpu->memory, linear, LONGEST + 1);
    if (all)
        return all;
    memset(copy, 0, LONGEST + 1);
    for (unsigned i = 0; i <= LONGEST && memory_at(cpu->memory, linear + i, 1); i++)
        copy[i] = *memory_at(cpu->memory, linear + i, 1);
    return copy;
}

/* Somebody else's writes to this page and the next must reach Unicorn. */
static void mark_code(struct cpu *cpu, uint64_t linear)
{
    if (linear >= cpu->memory->ram_bytes)
        return;
    cpu->memory->has_code[linear / MEMORY_PAGE] = 3;
    cpu->memory->has_code[linear / MEMORY_PAGE + 1] |= 1;
}

static bool is_interrupted(struct cpu *cpu, uc_engine *uc)
{
    uint64_t flags = 0;
    if (!cpu->is_pending || cpu->shadow)
        return false;
    uc_reg_read(uc, UC_X86_REG_EFLAGS, &flags);
    return flags & RFLAGS_IF;
}

static void on_instruction(uc_engine *uc, uint64_t linear, uint32_t size, void *state)
{
    struct cpu *cpu = state;
    uint8_t copy[LONGEST + 1];
    struct cpu_exit exit;
    if (cpu->stopped) /* Unicorn may call once more before it stops */
        return;
    cpu->linear = linear;
    mark_code(cpu, linear);
    cpu->shadow = cpu->shadows;
    if (cpu->steps) {
        /* A REP comes at its own address for each of its turns. */
        if (cpu->has_stepped && (linear != cpu->step || !cpu->step_repeats))
            stop(cpu, CPU_STOP_DEADLINE);
        cpu->has_stepped = true;
        return;
    }
    if (cpu->instructions >= cpu->deadline) {
        stop(cpu, CPU_STOP_DEADLINE);
        return;
    }
    if (is_interrupted(cpu, uc)) {
        stop(cpu, CPU_STOP_INTERRUPT);
        return;
    }
    cpu->instructions++;
    const uint8_t *code = code_at(cpu, linear, copy);
    const bool has_rex = (code[0] & 0xf0) == 0x40 && size > 1;
    if (!cpu->is_looked_at[code[has_rex]]) {
        cpu->shadows = false;
        return;
    }
    enum holds holds;
    const bool is_stop = recognise(code, size, &exit, &holds);
    cpu->shadows = holds != HOLDS_NOT;
    if (is_stop) {
        cpu->exit = exit;
        stop(cpu, exit.stop);
    }
}

static bool on_memory(uc_engine *uc, uc_mem_type type, uint64_t gpa, int size, int64_t value,
                      void *state)
{
    struct cpu *cpu = state;
    (void)uc;
    (void)size;
    (void)value;
    if (cpu->stopped)
        return false;
    const bool is_fetch = type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT;
    if (is_fetch && !memory_is_rom(cpu->memory, gpa))
        return false;
    cpu->exit.gpa = gpa;
    cpu->exit.is_write = type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT;
    cpu->exit.is_mapped = type == UC_MEM_WRITE_PROT;
    cpu->exit.length = 0;
    stop(cpu, is_fetch ? CPU_STOP_FETCH : CPU_STOP_MEMORY);
    return false;
}

static void on_exception(uc_engine *uc, uint32_t vector, void *state)
{
    struct cpu *cpu = state;
    (void)uc;
    if (cpu->stopped)
        return;
    cpu->exit.vector = (uint8_t)vector;
    stop(cpu, CPU_STOP_EXCEPTION);
}

static void on_store(uc_engine *uc, uc_mem_type type, uint64_t gpa, int size, int64_t value,
                     void *state)
{
    struct cpu *cpu = state;
    (void)uc;
    (void)type;
    (void)value;
    if (!cpu->stores || cpu->store_count == CPU_STORES || size > 16)
        return;
    const uint8_t *bytes = memory_at(cpu->memory, gpa, (uint32_t)size);
    struct cpu_store *store = &cpu->stores[cpu->store_count];
    if (!bytes)
        return;
    store->gpa = gpa;
    store->size = (uint8_t)size;
    memcpy(store->before, bytes, (size_t)size);
    cpu->store_count++;
}

static void forget_code(void *state, uint64_t gpa, uint32_t size)
{
    const struct cpu *cpu = state;
    uint8_t bytes[8];
    memcpy(bytes, cpu->memory->ram + gpa, size);
    uc_mem_write(cpu->uc, gpa, bytes, size);
}

static bool map(struct cpu *cpu, uint64_t gpa, uint64_t end, uint32_t rights, uint8_t *memory)
{
    return uc_mem_map_ptr(cpu->uc, gpa, (size_t)(end - gpa), rights, memory) == UC_ERR_OK;
}

static uint32_t flash_rights(const struct cpu *cpu)
{
    return cpu->flash_executes ? UC_PROT_READ | UC_PROT_EXEC : UC_PROT_READ;
}

static bool map_low_rom(struct cpu *cpu)
{
    const struct memory *memory = cpu->memory;
    const uint32_t size = MEMORY_MEGABYTE - MEMORY_LOW_ROM;
    if (memory->has_low_rom)
        return map(cpu, MEMORY_LOW_ROM, MEMORY_MEGABYTE, flash_rights(cpu),
                   memory->rom + memory->rom_bytes - size);
    return map(cpu, MEMORY_LOW_ROM, MEMORY_MEGABYTE, UC_PROT_ALL, memory->ram + MEMORY_LOW_ROM);
}

void cpu_remap_low_rom(struct cpu *cpu)
{
    uc_mem_unmap(cpu->uc, MEMORY_LOW_ROM, MEMORY_MEGABYTE - MEMORY_LOW_ROM);
    if (!map_low_rom(cpu))
        fprintf(stderr, "memory below 1 MiB cannot be mapped\n");
}

void cpu_set_flash(struct cpu *cpu, bool is_executable)
{
    if (cpu->flash_executes == is_executable)
        return;
    cpu->flash_executes = is_executable;
    uc_mem_protect(cpu->uc, MEMORY_TOP - cpu->memory->rom_bytes, cpu->memory->rom_bytes,
                   flash_rights(cpu));
    if (cpu->memory->has_low_rom)
        uc_mem_protect(cpu->uc, MEMORY_LOW_ROM, MEMORY_MEGABYTE - MEMORY_LOW_ROM,
                       flash_rights(cpu));
}

static bool add_hook(struct cpu *cpu, int kind, void (*callback)(void))
{
    uc_hook handle;
    void *pointer;
    memcpy(&pointer, &callback, sizeof(pointer)); /* ISO C converts no function pointers */
    return uc_hook_add(cpu->uc, &handle, kind, pointer, cpu, 1, 0) == UC_ERR_OK;
}

static bool set_up(struct cpu *cpu)
{
    struct memory *memory = cpu->memory;
    if (uc_open(UC_ARCH_X86, UC_MODE_64, &cpu->uc) != UC_ERR_OK ||
        uc_ctl_set_cpu_model(cpu->uc, UC_CPU_X86_EPYC_ROME) != UC_ERR_OK)
        return false;
    cpu->engine = engine_create(cpu->uc);
    return cpu->engine && map(cpu, 0, MEMORY_HOLE, UC_PROT_ALL, memory->ram) &&
           map(cpu, MEMORY_HOLE_END, MEMORY_LOW_ROM, UC_PROT_ALL, memory->ram + MEMORY_HOLE_END) &&
           map(cpu, MEMORY_MEGABYTE, memory->ram_bytes, UC_PROT_ALL,
               memory->ram + MEMORY_MEGABYTE) &&
           map(cpu, MEMORY_TOP - memory->rom_bytes, MEMORY_TOP, flash_rights(cpu), memory->rom) &&
           map_low_rom(cpu) && add_hook(cpu, UC_HOOK_CODE, (void (*)(void))on_instruction) &&
           add_hook(cpu, UC_HOOK_MEM_INVALID, (void (*)(void))on_memory) &&
           add_hook(cpu, UC_HOOK_INTR, (void (*)(void))on_exception);
}

bool cpu_watch(struct cpu *cpu)
{
    return add_hook(cpu, UC_HOOK_MEM_WRITE, (void (*)(void))on_store);
}

struct cpu *cpu_create(struct memory *memory)
{
    struct cpu *cpu = calloc(1, sizeof(*cpu));
    if (!cpu)
        return NULL;
    cpu->memory = memory;
    cpu->flash_executes = true;
    registers_reset(&cpu->registers);
    choose_looked_at(cpu);
    if (set_up(cpu)) {
        memory->forget = forget_code;
        memory->state = cpu;
        return cpu;
    }
    fprintf(stderr, "this Unicorn cannot be used\n");
    cpu_destroy(cpu);
    return NULL;
}

void cpu_destroy(struct cpu *cpu)
{
    cpu->memory->forget = NULL;
    engine_destroy(cpu->engine);
    if (cpu->uc)
        uc_close(cpu->uc);
    free(cpu);
}

struct registers *cpu_registers(struct cpu *cpu)
{
    return &cpu->registers;
}

/* Vectors with an error code. SDM 3A, table 6-1. */
static bool has_error(uint8_t vector)
{
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static void settle_exception(struct cpu *cpu)
{
    const struct engine_fault fault = engine_take_fault(cpu->engine);
    cpu->exit.error_code = fault.error;
    cpu->exit.has_error = !fault.is_software && has_error(cpu->exit.vector) &&
                          registers_is_protected(&cpu->registers);
}

static void settle(struct cpu *cpu, uc_err error)
{
    struct registers *registers = &cpu->registers;
    if (!cpu->stopped && (error == UC_ERR_INSN_INVALID || error == UC_ERR_EXCEPTION)) {
        cpu->exit.stop = CPU_STOP_EXCEPTION; /* only of this one Unicorn does not tell */
        cpu->exit.vector = 6;
    } else if (!cpu->stopped) {
        cpu->exit.stop = CPU_STOP_ERROR;
        cpu->exit.error = uc_strerror(error);
    }
    const uint64_t cr2 = registers_get(registers, WHvX64RegisterCr2);
    engine_load(cpu->engine, registers);
    /* With paging Unicorn looks at where it is told to end, and faults there unseen. */
    if (registers_get(registers, WHvX64RegisterCr2) == NOWHERE - 1)
        registers_set(registers, WHvX64RegisterCr2, cr2);
    uint64_t rip = cpu->linear;
    if (cpu->exit.stop == CPU_STOP_FETCH || cpu->exit.stop == CPU_STOP_EXCEPTION)
        rip = engine_rip(cpu->engine);
    else if (!registers_is_64(registers))
        rip = (uint32_t)(rip - registers_segment(registers, WHvX64RegisterCs)->Base);
    registers_set(registers, WHvX64RegisterRip, rip);
    if (cpu->exit.stop == CPU_STOP_EXCEPTION)
        settle_exception(cpu);
    cpu->exit.linear = registers_code(registers);
    registers_set(registers, WHvRegisterInterruptState, cpu->shadow);
}

static void start(struct cpu *cpu)
{
    cpu->stopped = false;
    cpu->exit = (struct cpu_exit){0};
    cpu->shadow = cpu->shadows = registers_get(&cpu->registers, WHvRegisterInterruptState) & 1;
    cpu->linear = registers_code(&cpu->registers);
    engine_store(cpu->engine, &cpu->registers);
    settle(cpu,
           uc_emu_start(cpu->uc, registers_get(&cpu->registers, WHvX64RegisterRip), NOWHERE, 0, 0));
}

void cpu_run(struct cpu *cpu, uint64_t deadline, struct cpu_exit *exit)
{
    cpu->deadline = deadline;
    start(cpu);
    *exit = cpu->exit;
}

/* A size for recognise() where it is not known: REX is one, or is none. */
static unsigned size_here(const struct cpu *cpu)
{
    return registers_is_64(&cpu->registers) ? LONGEST : 0;
}

bool cpu_step(struct cpu *cpu, struct cpu_store *stores, size_t *count, struct cpu_exit *exit)
{
    struct cpu_exit look;
    uint8_t copy[LONGEST + 1];
    const bool had_flash = cpu->flash_executes;
    enum holds holds;
    const bool had_if = registers_get(&cpu->registers, WHvX64RegisterRflags) & RFLAGS_IF;
    cpu->step = registers_code(&cpu->registers);
    const uint8_t *code = code_at(cpu, cpu->step, copy);
    recognise(code, size_here(cpu), &look, &holds);
    cpu->step_repeats = false;
    for (unsigned i = 0; i < LONGEST && is_prefix(code[i]); i++)
        cpu->step_repeats |= (code[i] & 0xfe) == 0xf2;
    cpu->steps = true;
    cpu->has_stepped = false;
    cpu->stores = stores;
    cpu->store_count = 0;
    cpu_set_flash(cpu, true);
    start(cpu);
    cpu_set_flash(cpu, had_flash);
    cpu->steps = false;
    cpu->stores = NULL;
    cpu->instructions++;
    if (count)
        *count = cpu->store_count;
    *exit = cpu->exit;
    if (exit->stop == CPU_STOP_DEADLINE)
        registers_set(&cpu->registers, WHvRegisterInterruptState,
                      holds == HOLDS || (holds == HOLDS_UNLESS_IF && !had_if));
    return exit->stop == CPU_STOP_DEADLINE;
}

bool cpu_would_stop(struct cpu *cpu, struct cpu_exit *exit)
{
    uint8_t copy[LONGEST + 1];
    enum holds holds;
    const uint64_t linear = registers_code(&cpu->registers);
    if (!recognise(code_at(cpu, linear, copy), size_here(cpu), exit, &holds))
        return false;
    exit->linear = linear;
    return true;
}

uint64_t cpu_instructions(const struct cpu *cpu)
{
    return cpu->instructions;
}

void cpu_count(struct cpu *cpu)
{
    cpu->instructions++;
}

void cpu_announce(struct cpu *cpu, bool is_pending)
{
    cpu->is_pending = is_pending;
}

bool cpu_is_interruptible(const struct cpu *cpu)
{
    return cpu->is_pending && registers_get(&cpu->registers, WHvX64RegisterRflags) & RFLAGS_IF &&
           !(registers_get(&cpu->registers, WHvRegisterInterruptState) & 1);
}

void cpu_skip(struct cpu *cpu, const struct cpu_exit *exit)
{
    struct registers *registers = &cpu->registers;
    const uint64_t rip = registers_get(registers, WHvX64RegisterRip) + exit->length;
    registers_set(registers, WHvX64RegisterRip, registers_is_64(registers) ? rip : (uint32_t)rip);
    registers_set(registers, WHvRegisterInterruptState, 0);
}

bool cpu_has_executed(const struct cpu *cpu, uint64_t linear)
{
    return linear < cpu->memory->ram_bytes && cpu->memory->has_code[linear / MEMORY_PAGE] & 2;
}
