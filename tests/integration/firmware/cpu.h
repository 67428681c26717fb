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
    CPU_STOP_PORT,      /**< before IN, OUT, INS or OUTS */
    CPU_STOP_MEMORY,    /**< an access to what is no RAM, or a write to ROM */
    CPU_STOP_HALT,      /**< before HLT */
    CPU_STOP_TSC,       /**< before RDTSC */
    CPU_STOP_CPUID,     /**< before CPUID */
    CPU_STOP_SOFTWARE,  /**< before INT n */
    CPU_STOP_INTERRUPT, /**< the guest takes interrupts and one was announced */
    CPU_STOP_DEADLINE,  /**< the count of instructions was reached */
    CPU_STOP_ERROR      /**< Unicorn cannot go on */
};

/** Why the processor stopped; the instruction has not been executed. */
struct cpu_exit {
    enum cpu_stop stop;
    uint64_t linear; /**< of the instruction */
    uint8_t length;  /**< of the instruction; 0 for CPU_STOP_MEMORY and where there is none */
    bool shadowed;   /**< it follows STI or a load of SS */
    uint8_t opcode;  /**< behind the prefixes: CPU_STOP_PORT */
    uint8_t vector;  /**< CPU_STOP_SOFTWARE */
    bool has_66;     /**< has an operand-size prefix: CPU_STOP_PORT */
    bool repeats;    /**< has a REP prefix: CPU_STOP_PORT */
    bool is_write;   /**< CPU_STOP_MEMORY */
    bool is_mapped;  /**< ROM: CPU_STOP_MEMORY */
    uint64_t gpa;    /**< CPU_STOP_MEMORY */
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
