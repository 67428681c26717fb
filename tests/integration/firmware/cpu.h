/* SPDX-License-Identifier: MIT */
/**
 * @file cpu.h
 * The virtual processor: Unicorn, made to stop where a hypervisor would have an exit.
 *
 * Its registers are plain memory between two runs. Unicorn 2.0.1 looks memory up by linear address:
 * with paging it is right where a page is mapped to itself.
 */
#ifndef FIRMWARE_CPU_H
#define FIRMWARE_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include <whvemu/emulator.h>

#include "memory.h"
#include "registers.h"

enum cpu_stop {
    /** Before IN, OUT, INS or OUTS. */
    CPU_STOP_PORT,
    /** An access to what is no RAM, or a write to ROM. */
    CPU_STOP_MEMORY,
    /** The next instruction is in flash, which is not executable. */
    CPU_STOP_FETCH,
    /** Before HLT. */
    CPU_STOP_HALT,
    /** Before RDTSC. */
    CPU_STOP_TSC,
    /** Before CPUID. */
    CPU_STOP_CPUID,
    /** Before RDMSR or WRMSR. */
    CPU_STOP_MSR,
    /** Before INT n. */
    CPU_STOP_SOFTWARE,
    /** An exception: vector, error. */
    CPU_STOP_EXCEPTION,
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
    /** Behind the prefixes: CPU_STOP_PORT. */
    uint8_t opcode;
    /** CPU_STOP_SOFTWARE, CPU_STOP_EXCEPTION. */
    uint8_t vector;
    /** Has an operand-size prefix: CPU_STOP_PORT. */
    bool has_66;
    /** Has a REP prefix: CPU_STOP_PORT. */
    bool repeats;
    /** CPU_STOP_MEMORY; CPU_STOP_MSR: WRMSR. */
    bool is_write;
    /** ROM: CPU_STOP_MEMORY. */
    bool is_mapped;
    /** CPU_STOP_MEMORY. */
    uint64_t gpa;
    /** CPU_STOP_EXCEPTION, where has_error. */
    uint32_t error_code;
    bool has_error;
    const char *error;
};

/** Bytes that one instruction of cpu_step() has written; `before` is what stood there. */
struct cpu_store {
    uint64_t gpa;
    uint8_t size;
    uint8_t before[16];
};

#define CPU_STORES 0x20000u

struct cpu;

/**
 * Creates a processor after a reset.
 * @param memory must outlive it; its writes go on being seen.
 * @return NULL with a message on stderr if Unicorn cannot do what is needed.
 */
struct cpu *cpu_create(struct memory *memory);
void cpu_destroy(struct cpu *cpu);

/** @return the registers, to be read and changed between two runs. */
struct registers *cpu_registers(struct cpu *cpu);

/** @return whether Unicorn has run code in the page of an address. */
bool cpu_has_executed(const struct cpu *cpu, uint64_t linear);

/** Makes cpu_step() know what is written: before anything runs, which gets slower by it. */
bool cpu_watch(struct cpu *cpu);

/** Says whether flash can be executed; at first it can. */
void cpu_set_flash(struct cpu *cpu, bool is_executable);

/** Says that memory_is_rom() answers differently for what is below 1 MiB. */
void cpu_remap_low_rom(struct cpu *cpu);

/** Runs until something is to be done, at the latest when cpu_instructions() is `deadline`. */
void cpu_run(struct cpu *cpu, uint64_t deadline, struct cpu_exit *exit);

/**
 * Executes one instruction, whatever it is, a REP to its end.
 * @param stores of CPU_STORES, receives what it wrote, in order, after cpu_watch(); NULL: nobody
 *               asks.
 * @param count  how many; written if stores is not NULL.
 * @return false with exit->stop if it was not executed.
 */
bool cpu_step(struct cpu *cpu, struct cpu_store *stores, size_t *count, struct cpu_exit *exit);

/**
 * Looks at the instruction at RIP.
 * @return whether it is one before which cpu_run() would stop, and why.
 */
bool cpu_would_stop(struct cpu *cpu, struct cpu_exit *exit);

/** @return executed instructions; each iteration of a REP and each resumption is one. */
uint64_t cpu_instructions(const struct cpu *cpu);

/** Counts an instruction that somebody else has executed. */
void cpu_count(struct cpu *cpu);

/** Tells whether the interrupt controller has an interrupt for the processor. */
void cpu_announce(struct cpu *cpu, bool is_pending);

/** @return whether an announced interrupt can be taken now. */
bool cpu_is_interruptible(const struct cpu *cpu);

/** Goes on behind the instruction of an exit. */
void cpu_skip(struct cpu *cpu, const struct cpu_exit *exit);

#endif
