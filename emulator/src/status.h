/* SPDX-License-Identifier: MIT */
/**
 * @file status.h
 * From result codes to the status word.
 */
#ifndef WHE_STATUS_H
#define WHE_STATUS_H

#include <whvemu/whv_abi.h>

#include "result.h"

/** By enum whe_result: exactly the bit that result.def names. */
extern const WHV_EMULATOR_STATUS whe_statuses[WHE_RESULT_COUNT];

/** @return the status word of a call that ended with the result. */
static inline WHV_EMULATOR_STATUS whe_status_from_result(enum whe_result result)
{
    return whe_statuses[result];
}

#endif
