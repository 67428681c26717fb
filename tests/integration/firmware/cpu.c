/* SPDX-License-Identifier: MIT */
#include "cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registers.h"

#define VGA_HOLE     0xa0000u
#define VGA_HOLE_END 0xc0000u
#define LOW_ROM      0xe0000u
#define MEGABYTE     0x100000u
#define NOWHERE      0xfffffffffULL /* an address at which no 32-bit code ends */
#define LONGEST      15

struct cpu {
    uc_engine *uc;
    struct registers *registers;
    uint8_t *ram;
    uint32_t ram_bytes;
    uint8_t *rom;
    uint32_t rom_bytes;
    uint64_t instructions;
    uint64_t deadline;
    uint64_t linear; /* of the current instruction; Unicorn's own EIP is no offset in real mode */
    bool is_pending;
    bool shadow;  /* this instruction follows one behind which no interrupt is taken */
    bool shadows; /* this one is such */
    bool stopped;
    struct cpu_exit exit;
};

const uint8_t *cpu_memory(const struct cpu *cpu, uint64_t gpa, uint32_t size)
{
    const uint64_t rom = 0x100000000ULL - cpu->rom_bytes;
    if (gpa >= rom && gpa <= 0xffffffff && size <= 0x100000000ULL - gpa)
        return cpu->rom + (gpa - rom);
    if (gpa >= cpu->ram_bytes || size > cpu->ram_bytes - gpa)
        return NULL;
    if (gpa < VGA_HOLE_END && gpa + size > VGA_HOLE)
        return NULL;
    return cpu->ram + gpa;
}

bool cpu_store(struct cpu *cpu, uint64_t gpa, const uint8_t *data, uint32_t size)
{
    if (!cpu_memory(cpu, gpa, size))
        return false;
    /* By Unicorn, so that it forgets what it translated there. */
    return gpa >= cpu->ram_bytes || uc_mem_write(cpu->uc, gpa, data, size) == UC_ERR_OK;
}

static void stop(struct cpu *cpu, enum cpu_stop why)
{
    cpu->exit.stop = why;
    cpu->exit.linear = cpu->linear;
    cpu->exit.shadowed = cpu->shadow;
    cpu->stopped = true;
    uc_emu_stop(cpu->uc);
}

static void stop_at(struct cpu *cpu, enum cpu_stop why, unsigned length)
{
    cpu->exit.length = (uint8_t)length;
    stop(cpu, why);
}

static void stop_at_port(struct cpu *cpu, uint8_t opcode, unsigned prefixes, bool prefix66,
                         bool rep)
{
    const bool has_immediate = opcode >= 0xe4 && opcode <= 0xe7;
    cpu->exit.opcode = opcode;
    cpu->exit.has_66 = prefix66;
    cpu->exit.repeats = rep;
    stop_at(cpu, CPU_STOP_PORT, prefixes + 1 + has_immediate);
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

/* What has to be done by somebody else is recognised by its first bytes: LONGEST + 1 of them. */
static void look_at_code(struct cpu *cpu, const uint8_t *code)
{
    bool prefix66 = false;
    bool rep = false;
    unsigned at = 0;
    for (; at < LONGEST && is_prefix(code[at]); at++) {
        prefix66 |= code[at] == 0x66;
        rep |= (code[at] & 0xfe) == 0xf2;
    }
    const uint8_t opcode = at < LONGEST ? code[at] : 0;
    const uint8_t next = at < LONGEST ? code[at + 1] : 0;
    /* STI, POP SS and MOV SS hold interrupts back. SDM 3A 6.8.3. */
    cpu->shadows = opcode == 0xfb || opcode == 0x17 || (opcode == 0x8e && (next & 0x38) == 0x10);
    if (is_port(opcode)) {
        stop_at_port(cpu, opcode, at, prefix66, rep);
    } else if (opcode == 0xf4) {
        stop_at(cpu, CPU_STOP_HALT, at + 1);
    } else if (opcode == 0xcd) {
        cpu->exit.vector = next;
        stop_at(cpu, CPU_STOP_SOFTWARE, at + 2);
    } else if (opcode == 0x0f && next == 0x31) {
        stop_at(cpu, CPU_STOP_TSC, at + 2);
    } else if (opcode == 0x0f && next == 0xa2) {
        stop_at(cpu, CPU_STOP_CPUID, at + 2);
    }
}

/* @return the bytes at an address, with zeros behind the end of memory. */
static const uint8_t *code_at(const struct cpu *cpu, uint64_t linear, uint8_t copy[LONGEST + 1])
{
    const uint8_t *all = cpu_memory(cpu, linear, LONGEST + 1);
    if (all)
        return all;
    memset(copy, 0, LONGEST + 1);
    for (unsigned i = 0; i <= LONGEST && cpu_memory(cpu, linear + i, 1); i++)
        copy[i] = *cpu_memory(cpu, linear + i, 1);
    return copy;
}

static void on_instruction(uc_engine *uc, uint64_t linear, uint32_t size, void *state)
{
    struct cpu *cpu = state;
    (void)size;
    cpu->linear = linear;
    if (cpu->stopped) /* Unicorn may call once more before it stops */
        return;
    if (cpu->instructions >= cpu->deadline) {
        stop(cpu, CPU_STOP_DEADLINE);
        return;
    }
    if (cpu->is_pending && !cpu->shadows) {
        uint32_t flags = 0;
        uc_reg_read(uc, UC_X86_REG_EFLAGS, &flags);
        if (flags & 1u << 9) {
            stop(cpu, CPU_STOP_INTERRUPT);
            return;
        }
    }
    cpu->instructions++;
    cpu->shadow = cpu->shadows;
    uint8_t copy[LONGEST + 1];
    look_at_code(cpu, code_at(cpu, linear, copy));
}

static bool on_memory(uc_engine *uc, uc_mem_type type, uint64_t gpa, int size, int64_t value,
                      void *state)
{
    struct cpu *cpu = state;
    (void)uc;
    (void)size;
    (void)value;
    if (type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT)
        return false;
    cpu->exit.gpa = gpa;
    cpu->exit.is_write = type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT;
    cpu->exit.is_mapped = type == UC_MEM_WRITE_PROT;
    cpu->exit.length = 0;
    stop(cpu, CPU_STOP_MEMORY);
    return false;
}

static bool map(struct cpu *cpu, uint64_t gpa, uint64_t end, uint32_t rights, uint8_t *memory)
{
    return uc_mem_map_ptr(cpu->uc, gpa, (size_t)(end - gpa), rights, memory) == UC_ERR_OK;
}

static bool add_hook(struct cpu *cpu, int kind, void (*callback)(void))
{
    uc_hook handle;
    void *pointer;
    memcpy(&pointer, &callback, sizeof(pointer)); /* ISO C converts no function pointers */
    return uc_hook_add(cpu->uc, &handle, kind, pointer, cpu, 1, 0) == UC_ERR_OK;
}

/* Only an instruction gets Unicorn out of protected mode: writing CR0 by its API is not enough. */
static bool enter_real_mode(struct cpu *cpu)
{
    static const uint8_t code[] = {0xb8, 0x10, 0,    0,    0, /* mov eax, 10h */
                                   0x0f, 0x22, 0xc0, 0x31, 0xc0 /* mov cr0, eax; xor eax, eax */};
    const uint64_t at = 0x1000;
    memcpy(cpu->ram + at, code, sizeof(code));
    const uc_err error = uc_emu_start(cpu->uc, at, at + sizeof(code), 0, 0);
    memset(cpu->ram + at, 0, sizeof(code));
    uc_ctl_remove_cache(cpu->uc, at, at + sizeof(code));
    return error == UC_ERR_OK;
}

static bool reset(struct cpu *cpu)
{
    const uint32_t flags = 2;
    const uint16_t cs = 0xf000;
    if (!enter_real_mode(cpu))
        return false;
    cpu->linear = 0xffff0;
    cpu->registers = registers_create(cpu->uc);
    return cpu->registers && uc_reg_write(cpu->uc, UC_X86_REG_CS, &cs) == UC_ERR_OK &&
           uc_reg_write(cpu->uc, UC_X86_REG_EFLAGS, &flags) == UC_ERR_OK;
}

static bool set_up(struct cpu *cpu, const uint8_t *rom)
{
    const uint64_t end = 0x100000000ULL;
    cpu->ram = aligned_alloc(4096, cpu->ram_bytes);
    cpu->rom = aligned_alloc(4096, cpu->rom_bytes);
    if (!cpu->ram || !cpu->rom)
        return false;
    memset(cpu->ram, 0, cpu->ram_bytes);
    memcpy(cpu->rom, rom, cpu->rom_bytes);
    memcpy(cpu->ram + LOW_ROM, rom + cpu->rom_bytes - (MEGABYTE - LOW_ROM), MEGABYTE - LOW_ROM);
    /* Mode 32 and a CR0 of real mode: in mode 16 it starts at 16-bit offsets only. */
    return uc_open(UC_ARCH_X86, UC_MODE_32, &cpu->uc) == UC_ERR_OK &&
           map(cpu, 0, VGA_HOLE, UC_PROT_ALL, cpu->ram) &&
           map(cpu, VGA_HOLE_END, cpu->ram_bytes, UC_PROT_ALL, cpu->ram + VGA_HOLE_END) &&
           map(cpu, end - cpu->rom_bytes, end, UC_PROT_READ | UC_PROT_EXEC, cpu->rom) &&
           reset(cpu) && add_hook(cpu, UC_HOOK_CODE, (void (*)(void))on_instruction) &&
           add_hook(cpu, UC_HOOK_MEM_INVALID, (void (*)(void))on_memory);
}

struct cpu *cpu_create(uint32_t ram_bytes, const uint8_t *rom, uint32_t rom_bytes)
{
    struct cpu *cpu = calloc(1, sizeof(*cpu));
    if (!cpu)
        return NULL;
    cpu->ram_bytes = ram_bytes;
    cpu->rom_bytes = rom_bytes;
    if (set_up(cpu, rom))
        return cpu;
    fprintf(stderr, "this Unicorn cannot be used\n");
    cpu_destroy(cpu);
    return NULL;
}

void cpu_destroy(struct cpu *cpu)
{
    registers_destroy(cpu->registers);
    if (cpu->uc)
        uc_close(cpu->uc);
    free(cpu->ram);
    free(cpu->rom);
    free(cpu);
}

/* Unicorn starts at an offset. */
static uint64_t offset_in_code(struct cpu *cpu)
{
    WHV_REGISTER_VALUE cs = {0};
    registers_get(cpu->registers, WHvX64RegisterCs, &cs);
    return (uint32_t)(cpu->linear - cs.Segment.Base);
}

void cpu_run(struct cpu *cpu, uint64_t deadline, struct cpu_exit *exit)
{
    cpu->deadline = deadline;
    cpu->stopped = false;
    cpu->exit = (struct cpu_exit){0};
    const uc_err error = uc_emu_start(cpu->uc, offset_in_code(cpu), NOWHERE, 0, 0);
    if (!cpu->stopped) {
        cpu->exit.stop = CPU_STOP_ERROR;
        cpu->exit.linear = cpu->linear;
        cpu->exit.error = uc_strerror(error);
    }
    *exit = cpu->exit;
}

uint64_t cpu_instructions(const struct cpu *cpu)
{
    return cpu->instructions;
}

void cpu_announce(struct cpu *cpu, bool is_pending)
{
    cpu->is_pending = is_pending;
}

static void jump(struct cpu *cpu, uint16_t cs, uint16_t ip)
{
    uc_reg_write(cpu->uc, UC_X86_REG_CS, &cs);
    cpu->linear = (uint64_t)cs * 16 + ip;
}

bool cpu_interrupt(struct cpu *cpu, uint8_t vector)
{
    WHV_REGISTER_VALUE cr0;
    WHV_REGISTER_VALUE cs;
    WHV_REGISTER_VALUE ss;
    WHV_REGISTER_VALUE flags;
    uint16_t sp;
    const uint8_t *entry = cpu_memory(cpu, vector * 4u, 4);
    registers_get(cpu->registers, WHvX64RegisterCr0, &cr0);
    registers_get(cpu->registers, WHvX64RegisterCs, &cs);
    registers_get(cpu->registers, WHvX64RegisterSs, &ss);
    registers_get(cpu->registers, WHvX64RegisterRflags, &flags);
    uc_reg_read(cpu->uc, UC_X86_REG_SP, &sp);
    if (cr0.Reg64 & 1)
        return false;
    const uint16_t frame[3] = {(uint16_t)(cpu->linear - cs.Segment.Base), cs.Segment.Selector,
                               (uint16_t)flags.Reg64};
    sp = (uint16_t)(sp - sizeof(frame));
    if (!cpu_store(cpu, ss.Segment.Base + sp, (const uint8_t *)frame, sizeof(frame)))
        return false;
    uc_reg_write(cpu->uc, UC_X86_REG_SP, &sp);
    flags.Reg64 &= ~(UINT64)0x300; /* IF, TF */
    registers_set(cpu->registers, WHvX64RegisterRflags, &flags);
    jump(cpu, (uint16_t)(entry[2] | entry[3] << 8), (uint16_t)(entry[0] | entry[1] << 8));
    return true;
}

void cpu_skip(struct cpu *cpu, const struct cpu_exit *exit)
{
    cpu->linear = exit->linear + exit->length;
}

bool cpu_get(struct cpu *cpu, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE *value)
{
    memset(value, 0, sizeof(*value));
    if (name == WHvX64RegisterRip) {
        value->Reg64 = offset_in_code(cpu);
        return true;
    }
    return registers_get(cpu->registers, name, value);
}

bool cpu_set(struct cpu *cpu, WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *value)
{
    if (name == WHvX64RegisterRip) {
        WHV_REGISTER_VALUE cs;
        registers_get(cpu->registers, WHvX64RegisterCs, &cs);
        cpu->linear = cs.Segment.Base + value->Reg64;
        return true;
    }
    return registers_set(cpu->registers, name, value);
}
