/* SPDX-License-Identifier: MIT */
/**
 * @file emulate.h
 * The fixed pipeline of one call.
 */
#ifndef WHE_EMULATE_H
#define WHE_EMULATE_H

#include "call.h"

/**
 * Emulates the instruction of call->exit and publishes its effects with one Set.
 * @param call callbacks, context, cache and exit are filled in, and the registers that the exit
 * context carries are known; the rest is set up here.
 * @return WHE_OK if the guest has moved on or received a fault; otherwise what ended the call.
 */
enum whe_result whe_emulate(struct whe_call *call);

#endif
