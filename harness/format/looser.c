/* SPDX-License-Identifier: MIT */
#include "looser.h"

#include "words/names.h"

/* @return whether bits of a register are compared in one mask and not in the other. */
static bool has_lost_bits(WHV_REGISTER_NAME name, WHV_UINT128 was, WHV_UINT128 now)
{
    const bool has_high = wht_reg_kind(name) != WHT_REG_U64;
    return (was.Low64 & ~now.Low64) != 0 || (has_high && (was.High64 & ~now.High64) != 0);
}

static bool is_looser_want(const struct wht_want_reg *was, const struct wht_want_reg *now)
{
    static const WHV_UINT128 all = {.Low64 = UINT64_MAX, .High64 = UINT64_MAX};
    if (was && was->kind == WHT_WANT_ANY)
        return false;
    switch (now->kind) {
    case WHT_WANT_ANY:
        return true;
    case WHT_WANT_EITHER:
        return !was || was->kind != WHT_WANT_EITHER || now->count > was->count;
    case WHT_WANT_VALUE:
        break;
    }
    return has_lost_bits(now->name, was && was->kind == WHT_WANT_VALUE ? was->mask : all,
                         now->mask);
}

/* What a fault says is not said of these. */
static bool is_event(const struct wht_expect *e, WHV_REGISTER_NAME name)
{
    return (e->has_fault || e->trap) &&
           (name == WHvRegisterPendingEvent || name == WHvX64RegisterPendingDebugException ||
            name == WHvX64RegisterDr6);
}

static bool has_looser_registers(const struct wht_expect *was, const struct wht_expect *now)
{
    if (now->others_any && !was->others_any)
        return true;
    for (size_t i = 0; i < was->reg_count; i++) {
        const struct wht_want_reg *want = &was->regs[i];
        const struct wht_want_reg *other = wht_want_reg_of(now->regs, now->reg_count, want->name);
        if (want->kind != WHT_WANT_ANY && !other && now->others_any && !is_event(now, want->name))
            return true;
    }
    for (size_t i = 0; i < now->reg_count; i++) {
        const struct wht_want_reg *want = &now->regs[i];
        const struct wht_want_reg *other = wht_want_reg_of(was->regs, was->reg_count, want->name);
        if ((other || !was->others_any) && is_looser_want(other, want))
            return true;
    }
    return false;
}

static const struct wht_want_memory *entry_at(const struct wht_expect *e, uint64_t gpa)
{
    for (size_t i = 0; i < e->memory_count; i++)
        if (gpa - e->memory[i].gpa < e->memory[i].data.size)
            return &e->memory[i];
    return NULL;
}

/* A byte that is not listed must stay as it was: that is compared, too. */
static bool has_looser_memory(const struct wht_expect *was, const struct wht_expect *now)
{
    for (size_t i = 0; i < now->memory_count; i++) {
        const struct wht_want_memory *want = &now->memory[i];
        for (size_t j = 0; want->data.mask && j < want->data.size; j++) {
            const struct wht_want_memory *other =
                want->data.mask[j] ? NULL : entry_at(was, want->gpa + j);
            const uint64_t at = other ? want->gpa + j - other->gpa : 0;
            if (!want->data.mask[j] && !(other && other->data.mask && !other->data.mask[at]))
                return true;
        }
    }
    return false;
}

static bool has_looser_fault(const struct wht_expect *was, const struct wht_expect *now)
{
    bool is_same = was->has_fault && now->has_fault && was->fault.vector == now->fault.vector;
    return is_same && ((was->fault.has_code && !now->fault.has_code) ||
                       (was->fault.has_address && !now->fault.has_address));
}

/** What elements leave open. */
struct open {
    uint64_t groups;
    uint64_t bytes;
    uint64_t registers;
    uint64_t flags;
    uint64_t batches;
};

static void count_data(const struct wht_bytes *data, struct open *open)
{
    for (size_t i = 0; data->mask && i < data->size; i++)
        open->bytes += data->mask[i] == 0;
}

/* Recursion is bounded by the depth of a document. */
static void count_open(const struct wht_call *calls, size_t count, struct open *open)
{
    for (size_t i = 0; i < count; i++) {
        const struct wht_call *call = &calls[i];
        const bool is_batch = call->kind == WHT_CALL_GET || call->kind == WHT_CALL_SET;
        open->groups += call->kind == WHT_CALL_OPTIONAL || call->kind == WHT_CALL_ANY_ORDER;
        open->flags += call->kind == WHT_CALL_TRANSLATE && !call->has_flags;
        open->batches += is_batch && call->reg_count == 0;
        count_data(&call->data, open);
        for (size_t j = 0; j < call->reg_count; j++)
            open->registers += !call->names_only && is_looser_want(NULL, &call->regs[j]);
        count_open(call->children, call->child_count, open);
    }
}

static bool has_looser_calls(const struct wht_expect *was, const struct wht_expect *now)
{
    struct open before = {0}, after = {0};
    count_open(was->calls, was->call_count, &before);
    count_open(now->calls, now->call_count, &after);
    return (was->has_calls && !now->has_calls) || after.groups > before.groups ||
           after.bytes > before.bytes || after.registers > before.registers ||
           after.flags > before.flags || after.batches > before.batches;
}

const char *wht_find_looser(const struct wht_case *was, const struct wht_case *now)
{
    const struct wht_expect *a = &was->expect;
    const struct wht_expect *b = &now->expect;
    return now->match < was->match        ? "level"
           : now->verdict != was->verdict ? "verdict"
           : has_looser_registers(a, b)   ? "registers"
           : has_looser_memory(a, b)      ? "memory"
           : has_looser_fault(a, b)       ? "fault"
           : has_looser_calls(a, b)       ? "calls"
                                          : NULL;
}
