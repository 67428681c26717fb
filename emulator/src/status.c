/* SPDX-License-Identifier: MIT */
#include "status.h"

static const WHV_EMULATOR_STATUS statuses[WHE_RESULT_COUNT] = {
#define WHE_RESULT(name, bit, state) [WHE_##name] = {.bit = 1},
#include "result.def"
};

WHV_EMULATOR_STATUS whe_status_from_result(enum whe_result result)
{
    return statuses[result];
}
