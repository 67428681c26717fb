/* SPDX-License-Identifier: MIT */
/*
 * Each callback checks the contract, compares itself with the case, and answers. After the first
 * divergence the call goes on as well as it can: registers and memory at its end say more than the
 * divergence alone.
 */
#include "run.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

#include "progress.h"
#include "words/names.h"

static _Thread_local struct wht_run *active;

void wht_run_activate(struct wht_run *run)
{
    active = run;
}

static HRESULT end_call(struct wht_run *run)
{
    run->result->was_ended = true;
    run->has_failed = true;
    return E_FAIL;
}

static HRESULT fail(struct wht_run *run, HRESULT hr)
{
    if (hr != S_OK)
        run->has_failed = true;
    return hr;
}

static void diverge(struct wht_run *run, enum wht_divergence_kind kind,
                    const struct wht_event *event)
{
    struct wht_divergence d = {
        .kind = kind, .number = run->compared, .has_actual = true, .actual = *event};
    wht_run_diverge(run, &d);
}

static bool break_rule(struct wht_run *run, enum wht_rule rule, const struct wht_event *event)
{
    struct wht_divergence d = {.kind = WHT_DIVERGES_RULE,
                               .rule = rule,
                               .number = run->result->callbacks,
                               .has_actual = true,
                               .actual = *event};
    wht_run_diverge(run, &d);
    return false;
}

static bool has_diverged(const struct wht_run *run)
{
    return run->result->divergence.kind != WHT_DIVERGES_NOT;
}

/* What comes after a divergence tells whether the expected callback was left out or only late. */
static void look_out(struct wht_divergence *d, const struct wht_event *event)
{
    if (d->kind == WHT_DIVERGES_CALL && !d->comes_later)
        d->comes_later = wht_match(&d->expected, event) == 0;
}

/* The rules for every callback. On false the callback fails. */
static bool begin(struct wht_run *run, const VOID *context, const struct wht_event *event)
{
    run->result->callbacks++;
    wht_progress_callback(event);
    if (run->callbacks_max > 0 &&
        (run->result->callbacks > run->callbacks_max || clock() > run->clock_end))
        return false;
    if (has_diverged(run) && ++run->after > run->after_max) {
        run->result->cut_after = run->after_max;
        return false;
    }
    /* The arrays of a batch may only be read once they have been checked. */
    if (has_diverged(run) && event->kind != WHT_CALL_GET && event->kind != WHT_CALL_SET)
        look_out(&run->result->divergence, event);
    if (context != run)
        break_rule(run, WHT_RULE_CONTEXT, event);
    if (run->has_failed)
        return break_rule(run, WHT_RULE_AFTER_FAILURE, event);
    if (run->is_set_done)
        return break_rule(
            run, event->kind == WHT_CALL_SET ? WHT_RULE_SECOND_SET : WHT_RULE_AFTER_SET, event);
    if (run->result->callbacks - run->compared > WHT_UNLISTED_MAX)
        return break_rule(run, WHT_RULE_TOO_MANY, event);
    return true;
}

static void mix_access(struct wht_run *run, const struct wht_event *event)
{
    uint64_t data = 0;
    bool sends = event->kind == WHT_CALL_MEM_WRITE || event->kind == WHT_CALL_IO_OUT;
    memcpy(&data, event->data, sends ? event->size : 0);
    run->digest = wht_digest_mix(run->digest, event->address);
    run->digest = wht_digest_mix(run->digest, (uint64_t)event->kind << 8 | event->size);
    run->digest = wht_digest_mix(run->digest, data);
}

/* Compares with the next expected element. Returns it, or NULL after a divergence. */
static const struct wht_call *compare(struct wht_run *run, const struct wht_event *event)
{
    struct wht_expected_call at = {NULL, 0};
    if (has_diverged(run))
        return NULL;
    run->compared++;
    enum wht_step step = wht_cursor_step(&run->cursor, event, &at);
    if (step == WHT_STEP_MATCHED) {
        run->result->matched[run->compared % WHT_MATCHED_MAX] = at;
        run->result->matched_count = run->compared;
        return at.call;
    }
    struct wht_divergence d = {.kind = at.call ? WHT_DIVERGES_CALL : WHT_DIVERGES_EXTRA,
                               .number = run->compared,
                               .has_actual = true,
                               .actual = *event,
                               .expected = at,
                               .differing = at.call ? wht_match(&at, event) : 0};
    wht_run_diverge(run, &d);
    return NULL;
}

/* A device, hole or port without regard to order. */
static HRESULT access_by_address(struct wht_run *run, const struct wht_event *event, bool is_hole,
                                 uint8_t *data)
{
    struct wht_answered answered = wht_answers_access(&run->answers, event, data);
    if (answered.fails)
        return fail(run, answered.fails->fail);
    bool is_read = event->kind == WHT_CALL_MEM_READ || event->kind == WHT_CALL_IO_IN;
    if (!is_read || answered.is_complete || is_hole)
        return S_OK;
    diverge(run, WHT_DIVERGES_UNANSWERED, event);
    return end_call(run);
}

/* An access that is compared in order; from its divergence on the guest answers. */
static HRESULT access_in_order(struct wht_run *run, const struct wht_event *event,
                               enum wht_place place, uint8_t *data)
{
    mix_access(run, event);
    const struct wht_call *call = compare(run, event);
    if (!call && place == WHT_PLACE_MODEL)
        return S_OK;
    if (!call)
        return access_by_address(run, event, place == WHT_PLACE_HOLE, data);
    if (call->has_fail)
        return fail(run, call->fail);
    if (event->kind == WHT_CALL_MEM_READ || event->kind == WHT_CALL_IO_IN)
        memcpy(data, call->data.data, call->size);
    return S_OK;
}

static HRESULT access_model(struct wht_run *run, const struct wht_event *event)
{
    const struct wht_call *armed =
        has_diverged(run) ? NULL : wht_answers_armed(&run->answers, event);
    return armed && armed->has_fail ? fail(run, armed->fail) : S_OK;
}

static HRESULT access_memory(struct wht_run *run, const struct wht_event *event, uint8_t *data)
{
    bool is_write = event->kind == WHT_CALL_MEM_WRITE;
    enum wht_place place = wht_guest_place(&run->guest, event->address, event->size, is_write);
    wht_guest_ask(&run->guest, event->address, event->size);
    bool is_hole = place == WHT_PLACE_HOLE;
    if (!is_write) {
        memset(data, 0xff, event->size);
        wht_guest_read(&run->guest, event->address, event->size, data);
    }
    bool is_ordered = run->level == WHT_MATCH_STRICT && !has_diverged(run);
    if (!is_ordered && place == WHT_PLACE_MODEL)
        return access_model(run, event);
    /* A hole that no element reads is like memory that holds ones. */
    if (!is_ordered && is_hole && !is_write &&
        !wht_answers_cover(&run->answers, event->address, event->size))
        return S_OK;
    if (run->level == WHT_MATCH_EFFECTS)
        return access_by_address(run, event, is_hole, data);
    return access_in_order(run, event, place, data);
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct wht_run *run = active;
    if (!run)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_MEM_READ};
    if (access) {
        event.kind = access->Direction == 0 ? WHT_CALL_MEM_READ : WHT_CALL_MEM_WRITE;
        event.address = access->GpaAddress;
        event.size = access->AccessSize;
        event.direction = access->Direction;
        memcpy(event.data, access->Data, sizeof(event.data));
    }
    if (!begin(run, context, &event))
        return end_call(run);
    bool ok = true;
    if (!access)
        ok = break_rule(run, WHT_RULE_NULL_ARGUMENT, &event);
    else if (event.direction > 1)
        ok = break_rule(run, WHT_RULE_DIRECTION, &event);
    else if (event.size < 1 || event.size > 8)
        ok = break_rule(run, WHT_RULE_MEMORY_SIZE, &event);
    else if (event.address % WHT_PAGE_SIZE + event.size > WHT_PAGE_SIZE)
        ok = break_rule(run, WHT_RULE_PAGE_CROSSED, &event);
    if (!ok)
        return end_call(run);
    uint8_t data[8];
    memset(data, run->poison, sizeof(data));
    HRESULT hr = access_memory(run, &event, data);
    if (event.kind == WHT_CALL_MEM_READ)
        memcpy(access->Data, data, sizeof(data));
    else if (hr == S_OK)
        wht_guest_write(&run->guest, event.address, event.size, event.data);
    return hr;
}

static HRESULT CALLBACK on_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    struct wht_run *run = active;
    if (!run)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_IO_IN};
    if (access) {
        event.kind = access->Direction == 0 ? WHT_CALL_IO_IN : WHT_CALL_IO_OUT;
        event.address = access->Port;
        event.size = access->AccessSize;
        event.direction = access->Direction;
        for (unsigned i = 0; i < 4; i++)
            event.data[i] = (uint8_t)(access->Data >> 8 * i);
    }
    if (!begin(run, context, &event))
        return end_call(run);
    bool ok = true;
    if (!access)
        ok = break_rule(run, WHT_RULE_NULL_ARGUMENT, &event);
    else if (event.direction > 1)
        ok = break_rule(run, WHT_RULE_DIRECTION, &event);
    else if (event.size != 1 && event.size != 2 && event.size != 4)
        ok = break_rule(run, WHT_RULE_PORT_SIZE, &event);
    if (!ok)
        return end_call(run);
    uint8_t data[8];
    memset(data, run->poison, sizeof(data));
    HRESULT hr = run->level == WHT_MATCH_EFFECTS
                     ? access_by_address(run, &event, false, data)
                     : access_in_order(run, &event, WHT_PLACE_DEVICE, data);
    if (event.kind == WHT_CALL_IO_IN)
        access->Data =
            (UINT32)data[0] | (UINT32)data[1] << 8 | (UINT32)data[2] << 16 | (UINT32)data[3] << 24;
    return hr;
}

static bool is_aligned(const void *pointer)
{
    return (uintptr_t)pointer % 16 == 0;
}

/* Arrays that are not aligned are copied: what they say is judged all the same. */
static void align_names(struct wht_run *run, struct wht_event *event)
{
    uint32_t count = event->count < WHT_BATCH_MAX ? event->count : WHT_BATCH_MAX;
    if (!event->names || count == 0 || is_aligned(event->names))
        return;
    memcpy(run->names, (const void *)event->names, count * sizeof(*run->names));
    event->names = run->names;
}

static const void *align_values(struct wht_run *run, uint32_t count, const void *values)
{
    if (!values || is_aligned(values))
        return values;
    memcpy(run->values, values,
           (count < WHT_BATCH_MAX ? count : WHT_BATCH_MAX) * sizeof(*run->values));
    return run->values;
}

/* @return whether the call may go on. */
static bool check_alignment(struct wht_run *run, const struct wht_event *event, const void *names,
                            const void *values)
{
    bool is_get = event->kind == WHT_CALL_GET;
    if (event->count == 0)
        return true;
    if (!is_aligned(names))
        run->unaligned |= is_get ? WHT_UNALIGNED_GET_NAMES : WHT_UNALIGNED_SET_NAMES;
    if (!is_aligned(values))
        run->unaligned |= is_get ? WHT_UNALIGNED_GET_VALUES : WHT_UNALIGNED_SET_VALUES;
    if (!run->judges_alignment || (is_aligned(names) && is_aligned(values)))
        return true;
    return break_rule(run, is_aligned(names) ? WHT_RULE_UNALIGNED_VALUES : WHT_RULE_UNALIGNED_NAMES,
                      event);
}

static bool check_batch(struct wht_run *run, const struct wht_event *event, const void *values)
{
    if (event->count > 0 && (!event->names || !values))
        return break_rule(run, WHT_RULE_NULL_ARGUMENT, event);
    if (event->count > WHT_BATCH_MAX)
        return break_rule(run, WHT_RULE_REGISTER_COUNT, event);
    for (uint32_t i = 1; i < event->count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (event->names[i] == event->names[j]) {
                struct wht_divergence d = {.kind = WHT_DIVERGES_RULE,
                                           .rule = WHT_RULE_NAMED_TWICE,
                                           .number = run->result->callbacks,
                                           .has_actual = true,
                                           .actual = *event,
                                           .reg = event->names[i]};
                wht_run_diverge(run, &d);
                return false;
            }
    return true;
}

/* What a Get, Set or Translate is compared with: strictly in order, else what arms the model. */
static const struct wht_call *direct(struct wht_run *run, const struct wht_event *event)
{
    if (has_diverged(run)) {
        look_out(&run->result->divergence, event);
        return NULL;
    }
    if (run->level == WHT_MATCH_STRICT)
        return compare(run, event);
    return wht_answers_armed(&run->answers, event);
}

static const WHV_REGISTER_VALUE *answer_for(const struct wht_run *run, const struct wht_call *call,
                                            WHV_REGISTER_NAME name)
{
    if (call && run->level == WHT_MATCH_STRICT && !call->names_only)
        for (size_t i = 0; i < call->reg_count; i++)
            if (call->regs[i].name == name && call->regs[i].count > 0)
                return &call->regs[i].values[0];
    return wht_guest_reg(&run->guest, name);
}

static HRESULT answer_get(struct wht_run *run, const struct wht_call *call,
                          const struct wht_event *event, WHV_REGISTER_VALUE *values)
{
    for (uint32_t i = 0; i < event->count; i++) {
        const WHV_REGISTER_VALUE *value = answer_for(run, call, event->names[i]);
        if (!value) {
            struct wht_divergence d = {.kind = WHT_DIVERGES_NOT_CAPTURED,
                                       .number = run->compared,
                                       .has_actual = true,
                                       .actual = *event,
                                       .reg = event->names[i]};
            wht_run_diverge(run, &d);
            return end_call(run);
        }
        values[i] = *value;
        /* The upper half of a 64-bit register's slot means nothing. */
        if (wht_reg_kind(event->names[i]) == WHT_REG_U64)
            memset(&values[i].Reg128.High64, run->poison, sizeof(values[i].Reg128.High64));
    }
    return S_OK;
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct wht_run *run = active;
    if (!run)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_GET, .names = names, .count = count};
    align_names(run, &event);
    if (!begin(run, context, &event) || !check_batch(run, &event, values) ||
        !check_alignment(run, &event, names, values))
        return end_call(run);
    if (run->level == WHT_MATCH_STRICT)
        for (uint32_t i = 0; i < count; i++)
            run->digest = wht_digest_mix(run->digest, (uint32_t)event.names[i]);
    const struct wht_call *call = direct(run, &event);
    HRESULT hr = S_OK;
    bool is_copied = !is_aligned(values);
    WHV_REGISTER_VALUE *slots = is_copied ? run->values : values;
    if (is_copied)
        memcpy(slots, (const void *)values, count * sizeof(*slots));
    if (call && call->has_fail) {
        if (count > 0)
            memset(slots, run->poison, count * sizeof(*slots));
        hr = fail(run, call->fail);
    } else {
        hr = answer_get(run, call, &event, slots);
    }
    if (is_copied)
        memcpy((void *)values, slots, count * sizeof(*slots));
    return hr;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct wht_run *run = active;
    if (!run)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_SET,
                              .names = names,
                              .values = align_values(run, count, values),
                              .count = count};
    align_names(run, &event);
    if (!begin(run, context, &event) || !check_batch(run, &event, values) ||
        !check_alignment(run, &event, names, values))
        return end_call(run);
    run->is_set_called = true;
    const struct wht_call *call = direct(run, &event);
    if (call && call->has_fail)
        return fail(run, call->fail);
    wht_guest_set(&run->guest, event.names, count, event.values);
    run->is_set_done = true;
    return S_OK;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct wht_run *run = active;
    if (!run)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_TRANSLATE, .address = gva, .flags = (uint32_t)flags};
    bool ok = begin(run, context, &event);
    if (ok && (!result || !gpa))
        ok = break_rule(run, WHT_RULE_NULL_ARGUMENT, &event);
    if (ok && gva % WHT_PAGE_SIZE != 0)
        ok = break_rule(run, WHT_RULE_UNALIGNED_PAGE, &event);
    if (!ok)
        return end_call(run);
    if (run->level == WHT_MATCH_STRICT)
        run->digest = wht_digest_mix(wht_digest_mix(run->digest, gva), event.flags);
    const struct wht_call *call = direct(run, &event);
    if (call && call->has_fail)
        return fail(run, call->fail); /* both slots stay as the emulator left them */
    uint64_t address;
    wht_guest_ask_page(&run->guest, gva, event.flags);
    *result = wht_guest_translate(&run->guest, gva, event.flags, &address);
    if (call && call->has_result)
        *result = call->result;
    *gpa = call && call->has_gpa ? call->gpa : address;
    return S_OK;
}

const WHV_EMULATOR_CALLBACKS wht_run_callbacks = {
    .Size = sizeof(WHV_EMULATOR_CALLBACKS),
    .WHvEmulatorIoPortCallback = on_io,
    .WHvEmulatorMemoryCallback = on_memory,
    .WHvEmulatorGetVirtualProcessorRegisters = on_get,
    .WHvEmulatorSetVirtualProcessorRegisters = on_set,
    .WHvEmulatorTranslateGvaPage = on_translate,
};
