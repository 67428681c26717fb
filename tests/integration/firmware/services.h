/* SPDX-License-Identifier: MIT */
/**
 * @file services.h
 * What a virtual machine monitor does around the emulator: instructions that ask for what only it
 * knows. Each does what the instruction does to registers; RIP is the caller's.
 */
#ifndef FIRMWARE_SERVICES_H
#define FIRMWARE_SERVICES_H

#include "registers.h"

void services_read_tsc(struct registers *registers, uint64_t tsc);
void services_identify(struct registers *registers);
void services_access_msr(struct registers *registers, bool is_write);

#endif
