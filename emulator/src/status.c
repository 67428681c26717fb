/* SPDX-License-Identifier: MIT */
#include "status.h"

const WHV_EMULATOR_STATUS whe_statuses[WHE_RESULT_COUNT] = {
#define WHE_RESULT(name, bit, state) [WHE_##name] = {.bit = 1},
#include "result.def"
};
