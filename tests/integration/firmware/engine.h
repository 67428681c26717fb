/* SPDX-License-Identifier: MIT */
/**
 * @file engine.h
 * Registers into Unicorn and out of it, hidden parts of segments and EFER included.
 *
 * Unicorn's API gives selectors alone. A saved context holds the rest; where, is found out by
 * values that the API can set. An unknown layout is told, not guessed.
 */
#ifndef FIRMWARE_ENGINE_H
#define FIRMWARE_ENGINE_H

#include <unicorn/unicorn.h>

#include "registers.h"

struct engine;

/** @param uc newly opened in UC_MODE_64; its registers change. @return NULL: unknown layout. */
struct engine *engine_create(uc_engine *uc);
void engine_destroy(struct engine *engine);

/** Takes over what Unicorn has; RIP is left alone where Unicorn's is not that of an instruction. */
void engine_load(struct engine *engine, struct registers *registers);
void engine_store(struct engine *engine, const struct registers *registers);

/** @return Unicorn's RIP: right behind an exception alone. */
uint64_t engine_rip(struct engine *engine);

/** What an exception has brought with it. */
struct engine_fault {
    uint32_t error;
    /** By INT n or INT3. */
    bool is_software;
};

/** @return what Unicorn's last exception brought; it is forgotten. */
struct engine_fault engine_take_fault(struct engine *engine);

#endif
