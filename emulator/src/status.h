/* SPDX-License-Identifier: MIT */
/**
 * @file status.h
 * From result codes to the status word.
 */
#ifndef WHE_STATUS_H
#define WHE_STATUS_H

#include <whvemu/whv_abi.h>

#include "result.h"

/** @return the status word with exactly the bit that result.def names for the result. */
WHV_EMULATOR_STATUS whe_status_from_result(enum whe_result result);

#endif
