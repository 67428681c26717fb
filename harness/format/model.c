/* SPDX-License-Identifier: MIT */
#include "model.h"

#include "base/arena.h"

static int compare_names(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

const WHV_REGISTER_VALUE *wht_init_reg(const struct wht_init *init, WHV_REGISTER_NAME name)
{
    static const WHV_REGISTER_VALUE zero = {.Reg128 = {.Low64 = 0}};
    size_t low = 0;
    size_t high = init->reg_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_names((uint32_t)init->regs[middle].name, (uint32_t)name);
        if (order == 0)
            return &init->regs[middle].value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return init->others_unknown ? NULL : &zero;
}

const struct wht_want_reg *wht_want_reg_of(const struct wht_want_reg *regs, size_t count,
                                           WHV_REGISTER_NAME name)
{
    for (size_t i = 0; i < count; i++)
        if (regs[i].name == name)
            return &regs[i];
    return NULL;
}

bool wht_call_is_io(enum wht_call_kind kind)
{
    return kind == WHT_CALL_IO_IN || kind == WHT_CALL_IO_OUT;
}

void wht_case_free(struct wht_case *c)
{
    if (c)
        wht_arena_free(c->arena);
}
