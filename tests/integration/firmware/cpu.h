/* SPDX-License-Identifier: MIT */
/**
 * @file cpu.h
 * The virtual processor: Unicorn, made to stop where a hypervisor would have an exit.
 *
 * Real mode and unpaged protected mode; linear addresses are guest-physical ones.
 */
#ifndef FIRMWARE_CPU_H
#define FIRMWARE_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include <whvemu/emulator.h>

enum cpu_stop {
    /** Before IN, OUT, INS or OUTS. */
    CPU_STOP_PORT,
    /** An access to what is no RAM, or a write to ROM. */
    CPU_STOP_MEMORY,
    /** Before HLT. */
    CPU_STOP_HALT,
    /** Before RDTSC. */
    CPU_STOP_TSC,
    /** Before CPUID. */
    CPU_STOP_CPUID,
    /** Before INT n. */
    CPU_STOP_SOFTWARE,
    /** The guest takes interrupts and one was announced. */
    CPU_STOP_INTERRUPT,
    /** The count of instructions was reached. */
    CPU_STOP_DEADLINE,
    /** Unicorn cannot go on. */
    CPU_STOP_ERROR
};

/** Why the processor stopped; the instruction has not been executed. */
struct cpu_exit {
    enum cpu_stop stop;
    /** Of the instruction. */
    uint64_t linear;
    /** Of the instruction; 0 for CPU_STOP_MEMORY and where there is none. */
    uint8_t length;
    /** It follows STI or a load of SS. */
    bool shadowed;
    /** Behind the prefixes: CPU_STOP_PORT. */
    uint8_t opcode;
    /** CPU_STOP_SOFTWARE. */
    uint8_t vector;
    /** Has an operand-size prefix: CPU_STOP_PORT. */
    bool has_66;
    /** Has a REP prefix: CPU_STOP_PORT. */
    bool repeats;
    /** CPU_STOP_MEMORY. */
    bool is_write;
    /** ROM: CPU_STOP_MEMORY. */
    bool is_mapped;
    /** CPU_STOP_MEMORY. */
    uint64_t gpa;
    const char *error;
};

struct cpu;

/**
 * Creates a processor at the reset vector, below 1 MiB, and its memory: RAM from 0 with a hole for
 * VGA, and the image of the firmware below 4 GiB and, its last 128 KiB, below 1 MiB.
 * @param ram_bytes a multiple of 1 MiB.
 * @param rom       of rom_bytes, a multiple of 128 KiB; copied.
 * @return NULL with a message on stderr if Unicorn cannot do what is needed.
 */
struct cpu *cpu_create(uint32_t ram_bytes, const uint8_t *rom, uint32_t rom_bytes);
void cpu_destroy(struct cpu *cpu);

/** Runs until something is to be done, at the latest when cpu_instructions() is `deadline`. */
void cpu_run(struct cpu *cpu, uint64_t deadline, struct cpu_exit *exit);

/** @return executed instructions; each iteration of a REP and each resumption is one. */
uint64_t cpu_instructions(const struct cpu *cpu);

/** Tells whether the interrupt controller has an interrupt for the processor. */
void cpu_announce(struct cpu *cpu, bool is_pending);

/** Delivers an interrupt of real mode. @return false in protected mode. */
bool cpu_interrupt(struct cpu *cpu, uint8_t vector);

/** Goes on behind the instruction of an exit. */
void cpu_skip(struct cpu *cpu, const struct cpu_exit *exit);

/** @return false for a register that this processor does not have. */
bool cpu_get(struct cpu *cpu, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE *value);

/** @return false for a register that cannot be written. */
bool cpu_set(struct cpu *cpu, WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *value);

/** @return host address of guest-physical memory, or NULL if not all of it is RAM or ROM. */
const uint8_t *cpu_memory(const struct cpu *cpu, uint64_t gpa, uint32_t size);

/** Writes RAM; ROM does not change. @return false if not all of it is RAM or ROM. */
bool cpu_store(struct cpu *cpu, uint64_t gpa, const uint8_t *data, uint32_t size);

#endif
