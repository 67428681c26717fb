/* SPDX-License-Identifier: MIT */
/**
 * @file status.h
 * From result codes to the status word.
 */
#ifndef WHE_STATUS_H
#define WHE_STATUS_H

#include <whvemu/whv_abi.h>

#include "result.h"

/** @return the status word of a call that ended with the result: the bit that result.def names. */
static inline WHV_EMULATOR_STATUS whe_status_from_result(enum whe_result result)
{
    static const WHV_EMULATOR_STATUS statuses[WHE_RESULT_COUNT] = {
#define WHE_RESULT(name, bit, state, reason) [WHE_##name] = {.bit = 1},
#include "result.def"
    };
    return statuses[result];
}

#endif
