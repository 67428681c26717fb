/* SPDX-License-Identifier: MIT */
#include "expect_anew.h"

/* Several outcomes are right, of which a recording shows one. */
static bool is_open(const struct wht_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (calls[i].kind == WHT_CALL_ANY_ORDER || calls[i].kind == WHT_CALL_OPTIONAL ||
            calls[i].data.mask || is_open(calls[i].children, calls[i].child_count))
            return true;
    return false;
}

static bool has_masked_memory(const struct wht_case *c)
{
    for (size_t i = 0; i < c->expect.memory_count; i++)
        if (c->expect.memory[i].data.mask)
            return true;
    return false;
}

static bool take_register(const struct wht_case *c, struct wht_case *recorded,
                          const struct wht_want_reg *want)
{
    const struct wht_expect *e = &recorded->expect;
    if (want->kind == WHT_WANT_EITHER)
        return false;
    if (want->kind == WHT_WANT_ANY) {
        wht_case_want(recorded, want->name, NULL);
        return true;
    }
    const WHV_REGISTER_VALUE *before = wht_init_reg(&c->init, want->name);
    const struct wht_want_reg *told = wht_want_reg_of(e->regs, e->reg_count, want->name);
    const WHV_REGISTER_VALUE *after = told && told->count == 1 ? told->values : before;
    if (!after)
        return false;
    const WHV_REGISTER_VALUE value = *after;
    struct wht_want_reg *made = wht_case_want(recorded, want->name, &value);
    made->mask = want->mask;
    made->is_distance = want->is_distance && before;
    return true;
}

/* A register that comes to change may be one of which bits are undefined. */
static bool take_registers(const struct wht_case *c, struct wht_case *recorded)
{
    const struct wht_expect *e = &c->expect;
    for (size_t i = 0; i < recorded->expect.reg_count; i++)
        if (!wht_want_reg_of(e->regs, e->reg_count, recorded->expect.regs[i].name))
            return false;
    for (size_t i = 0; i < e->reg_count; i++)
        if (!take_register(c, recorded, &e->regs[i]))
            return false;
    return true;
}

static bool is_ram(const struct wht_case *c, const struct wht_call *call)
{
    for (size_t i = 0; i < c->memory_count; i++)
        if (c->memory[i].data && call->address - c->memory[i].gpa < c->memory[i].size)
            return true;
    return false;
}

/* What the level compares, or a device answers. */
static bool is_listed(const struct wht_case *c, const struct wht_call *call)
{
    if (c->match == WHT_MATCH_STRICT)
        return true;
    if (wht_call_is_io(call->kind) || call->has_fail)
        return true;
    bool is_memory = call->kind == WHT_CALL_MEM_READ || call->kind == WHT_CALL_MEM_WRITE;
    return is_memory && !is_ram(c, call);
}

static void take_calls(const struct wht_case *c, struct wht_expect *e)
{
    size_t count = 0;
    for (size_t i = 0; i < e->call_count; i++)
        if (is_listed(c, &e->calls[i]))
            e->calls[count++] = e->calls[i];
    e->call_count = c->expect.has_calls ? count : 0;
    e->has_calls = c->expect.has_calls;
}

struct wht_case *wht_expect_anew(const struct wht_case *c, struct wht_case *recorded)
{
    struct wht_expect *e = &recorded->expect;
    struct wht_case made = *c;
    if (is_open(c->expect.calls, c->expect.call_count) || has_masked_memory(c) ||
        !take_registers(c, recorded))
        return NULL;
    e->others_any = c->expect.others_any;
    if (e->has_fault && c->expect.has_fault) {
        e->fault.has_code &= c->expect.fault.has_code;
        e->fault.has_address &= c->expect.fault.has_address;
    }
    take_calls(c, e);
    made.expect = *e;
    return wht_case_clone(&made);
}
