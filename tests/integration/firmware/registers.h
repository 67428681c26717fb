/* SPDX-License-Identifier: MIT */
/**
 * @file registers.h
 * The registers of the virtual processor by their names in the platform: plain memory.
 */
#ifndef FIRMWARE_REGISTERS_H
#define FIRMWARE_REGISTERS_H

#include <stdbool.h>

#include <whvemu/whv_abi.h>

#define RFLAGS_TF 0x100u
#define RFLAGS_IF 0x200u
#define RFLAGS_RF 0x10000u
#define CR0_PE    1u
#define CR0_WP    0x10000u
#define CR0_PG    0x80000000u
#define CR4_PSE   0x10u
#define CR4_PAE   0x20u
#define EFER_LME  0x100u
#define EFER_LMA  0x400u
#define EFER_NXE  0x800u

enum {
    REGISTERS_GENERAL = 0x28,
    REGISTERS_VECTOR = 0x1a,
    REGISTERS_MSR = 0x100,
    REGISTERS_EVENT = 8
};

struct registers {
    /** By the platform's numbers, from 0 on. */
    WHV_REGISTER_VALUE general[REGISTERS_GENERAL];
    /** From XMM0 on. */
    WHV_REGISTER_VALUE vector[REGISTERS_VECTOR];
    /** From TSC on. */
    WHV_REGISTER_VALUE msr[REGISTERS_MSR];
    /** From PendingInterruption on. */
    WHV_REGISTER_VALUE event[REGISTERS_EVENT];
};

/** What a processor has after a reset: real mode, 16 bytes below 4 GiB. */
void registers_reset(struct registers *registers);

/** @return where a register is, or NULL for a name that is not known. */
WHV_REGISTER_VALUE *registers_at(struct registers *registers, WHV_REGISTER_NAME name);

/** @name Of a register that exists. */
uint64_t registers_get(const struct registers *registers, WHV_REGISTER_NAME name);
void registers_set(struct registers *registers, WHV_REGISTER_NAME name, uint64_t value);
const WHV_X64_SEGMENT_REGISTER *registers_segment(const struct registers *registers,
                                                  WHV_REGISTER_NAME name);

/** @name The mode. */
bool registers_is_protected(const struct registers *registers);
bool registers_is_long(const struct registers *registers);
bool registers_is_64(const struct registers *registers);
unsigned registers_cpl(const struct registers *registers);

/** @return the linear address of the instruction at RIP. */
uint64_t registers_code(const struct registers *registers);

#endif
