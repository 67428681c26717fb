/* SPDX-License-Identifier: MIT */
/**
 * @file registers.h
 * The registers of Unicorn by their names in the platform, hidden parts of segments included.
 *
 * Unicorn's API gives selectors alone. A saved context holds the rest; where, is found out by
 * loading selectors of real mode, whose bases are known. An unknown layout is told, not guessed.
 */
#ifndef FIRMWARE_REGISTERS_H
#define FIRMWARE_REGISTERS_H

#include <stdbool.h>

#include <unicorn/unicorn.h>
#include <whvemu/whv_abi.h>

struct registers;

/** @param uc in real mode; its segment registers change. @return NULL if the layout is unknown. */
struct registers *registers_create(uc_engine *uc);
void registers_destroy(struct registers *registers);

/** @return false for a name that is not known. RIP is not: Unicorn's is none. */
bool registers_get(struct registers *registers, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE *value);

/** @return false for a name that is not known. A segment is loaded by its selector. */
bool registers_set(struct registers *registers, WHV_REGISTER_NAME name,
                   const WHV_REGISTER_VALUE *value);

#endif
