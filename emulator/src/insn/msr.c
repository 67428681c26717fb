/* SPDX-License-Identifier: MIT */
#include "msr.h"

#include <stddef.h>

#include "regs.h"

static const struct {
    uint32_t number;
    uint8_t count;
    uint8_t step;
    struct whe_msr msr;
} rows[] = {
#define WHE_MSR(number, register, name, rule)                                                      \
    {number, 1, 1, {WHvX64Register##name, WHE_REG_##register, WHE_MSR_##rule}},
#define WHE_MSRS(number, count, step, name, rule)                                                  \
    {number, count, step, {(WHV_REGISTER_NAME)(name), WHE_REG_MSR, WHE_MSR_##rule}},
#include "msr.def"
};

bool whe_msr_find(uint32_t number, struct whe_msr *msr)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint32_t offset = number - rows[i].number;
        if (offset % rows[i].step != 0 || offset / rows[i].step >= rows[i].count)
            continue;
        *msr = rows[i].msr;
        msr->name = (WHV_REGISTER_NAME)((uint32_t)msr->name + offset / rows[i].step);
        return true;
    }
    return false;
}
