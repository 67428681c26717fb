/* SPDX-License-Identifier: MIT */
/*
 * Each callback notes what it was asked, answers as well as the case allows, and notes its answer.
 * Nothing is compared. What breaks a rule of the contract is noted and, where it can be written
 * down, answered all the same: a recording shows what the emulator does.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "progress.h"
#include "recording.h"
#include "run.h"
#include "words/names.h"

#define KNOWN_FLAGS 0x31fu

static _Thread_local struct wht_record_run *active;

void wht_record_activate(struct wht_record_run *run)
{
    active = run;
}

void wht_record_problem(struct wht_record_run *run, const char *text)
{
    if (!run->problem)
        run->problem = text;
}

static void mix(struct wht_record_run *run, uint64_t value)
{
    run->digest = wht_digest_mix(run->digest, value);
}

static void break_rule(struct wht_record_run *run, enum wht_rule rule)
{
    run->broken |= UINT32_C(1) << rule;
}

/* A rule whose breach no element of a trace can show. */
static void break_unspeakably(struct wht_record_run *run, enum wht_rule rule)
{
    break_rule(run, rule);
    wht_record_problem(run, wht_rule_text(rule));
}

/* Adds an element. Returns NULL when the recording is full. */
static struct wht_call *add(struct wht_record_run *run, const VOID *context,
                            const struct wht_event *event)
{
    enum wht_call_kind kind = event->kind;
    uint64_t address = event->address;
    wht_progress_callback(event);
    if (context != run)
        break_unspeakably(run, WHT_RULE_CONTEXT);
    if (run->has_failed)
        break_rule(run, WHT_RULE_AFTER_FAILURE);
    else if (run->is_set_done)
        break_rule(run, kind == WHT_CALL_SET ? WHT_RULE_SECOND_SET : WHT_RULE_AFTER_SET);
    run->units += 1u + event->count;
    if (run->units > WHT_RECORD_MAX) {
        wht_record_problem(run, "more callbacks than a recording holds");
        return NULL;
    }
    if (run->count == run->capacity) {
        run->capacity = run->capacity ? 2 * run->capacity : 64;
        run->calls = realloc(run->calls, run->capacity * sizeof(*run->calls));
        if (!run->calls)
            abort();
    }
    struct wht_call *call = &run->calls[run->count++];
    *call = (struct wht_call){.kind = kind, .address = address};
    mix(run, (uint64_t)kind);
    mix(run, address);
    return call;
}

static HRESULT finish(struct wht_record_run *run, struct wht_call *call, HRESULT hr)
{
    mix(run, (uint32_t)hr);
    if (hr == S_OK)
        return hr;
    run->has_failed = true;
    call->has_fail = true;
    call->fail = hr;
    return hr;
}

static void keep_data(struct wht_record_run *run, struct wht_call *call, const uint8_t *data)
{
    uint64_t value = 0;
    call->has_data = true;
    call->data.size = call->size;
    call->data.data = wht_arena_take(run->arena, call->size);
    memcpy(call->data.data, data, call->size);
    memcpy(&value, data, call->size);
    mix(run, value);
}

uint8_t wht_pattern_byte(uint64_t address)
{
    return (uint8_t)(0xc0 + (address ^ address >> 8));
}

static void fill_with_pattern(uint8_t *data, const struct wht_event *event)
{
    for (uint32_t i = 0; i < event->size; i++)
        data[i] = wht_pattern_byte(event->address + i);
}

/* What nobody answers is answered by the pattern that data holds already. */
static HRESULT access_device(struct wht_record_run *run, const struct wht_event *event,
                             uint8_t *data)
{
    bool is_read = event->kind == WHT_CALL_MEM_READ || event->kind == WHT_CALL_IO_IN;
    struct wht_answered answered = wht_answers_access(run->answers, event, data);
    if (answered.fails)
        return answered.fails->fail;
    if (is_read && !answered.is_complete)
        run->patterned++;
    return S_OK;
}

static HRESULT access_memory(struct wht_record_run *run, const struct wht_event *event,
                             uint8_t *data)
{
    bool is_write = event->kind == WHT_CALL_MEM_WRITE;
    enum wht_place place = wht_guest_place(run->guest, event->address, event->size, is_write);
    bool is_hole = place == WHT_PLACE_HOLE && !is_write &&
                   !wht_answers_cover(run->answers, event->address, event->size);
    if (is_hole)
        memset(data, 0xff, event->size);
    else
        fill_with_pattern(data, event);
    wht_guest_read(run->guest, event->address, event->size, data);
    if (is_hole)
        return S_OK;
    if (place != WHT_PLACE_MODEL)
        return access_device(run, event, data);
    const struct wht_call *armed = wht_answers_armed(run->answers, event);
    return armed && armed->has_fail ? armed->fail : S_OK;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct wht_record_run *run = active;
    if (!run)
        return E_UNEXPECTED;
    if (!access) {
        break_unspeakably(run, WHT_RULE_NULL_ARGUMENT);
        return E_POINTER;
    }
    struct wht_event event = {.kind =
                                  access->Direction == 0 ? WHT_CALL_MEM_READ : WHT_CALL_MEM_WRITE,
                              .address = access->GpaAddress,
                              .size = access->AccessSize};
    if (access->Direction > 1)
        break_unspeakably(run, WHT_RULE_DIRECTION);
    if (event.size == 0 || event.size > 8)
        break_unspeakably(run, WHT_RULE_MEMORY_SIZE);
    else if (event.address % WHT_PAGE_SIZE + event.size > WHT_PAGE_SIZE)
        break_unspeakably(run, WHT_RULE_PAGE_CROSSED);
    struct wht_call *call = add(run, context, &event);
    if (!call || run->problem)
        return E_ABORT;
    call->size = event.size;
    uint8_t data[8];
    memset(data, wht_record_poison(run, WHT_POISON_DATA), sizeof(data));
    memcpy(event.data, access->Data, sizeof(event.data));
    HRESULT hr = access_memory(run, &event, data);
    if (event.kind == WHT_CALL_MEM_WRITE) {
        keep_data(run, call, event.data);
        if (hr == S_OK)
            wht_guest_write(run->guest, event.address, event.size, event.data);
        return finish(run, call, hr);
    }
    if (hr == S_OK)
        keep_data(run, call, data);
    else
        memset(data, wht_record_poison(run, WHT_POISON_FAILED), sizeof(data));
    memcpy(access->Data, data, sizeof(data));
    return finish(run, call, hr);
}

static UINT32 word_from(const uint8_t *data)
{
    return (UINT32)data[0] | (UINT32)data[1] << 8 | (UINT32)data[2] << 16 | (UINT32)data[3] << 24;
}

static HRESULT CALLBACK on_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    struct wht_record_run *run = active;
    if (!run)
        return E_UNEXPECTED;
    if (!access) {
        break_unspeakably(run, WHT_RULE_NULL_ARGUMENT);
        return E_POINTER;
    }
    struct wht_event event = {.kind = access->Direction == 0 ? WHT_CALL_IO_IN : WHT_CALL_IO_OUT,
                              .address = access->Port,
                              .size = access->AccessSize};
    if (access->Direction > 1)
        break_unspeakably(run, WHT_RULE_DIRECTION);
    if (event.size != 1 && event.size != 2 && event.size != 4)
        break_unspeakably(run, WHT_RULE_PORT_SIZE);
    struct wht_call *call = add(run, context, &event);
    if (!call || run->problem)
        return E_ABORT;
    call->size = event.size;
    uint8_t data[8];
    memset(data, wht_record_poison(run, WHT_POISON_DATA), sizeof(data));
    for (unsigned i = 0; i < 4; i++)
        event.data[i] = (uint8_t)(access->Data >> 8 * i);
    fill_with_pattern(data, &event);
    HRESULT hr = access_device(run, &event, data);
    if (event.kind == WHT_CALL_IO_OUT) {
        keep_data(run, call, event.data);
        return finish(run, call, hr);
    }
    if (hr == S_OK)
        keep_data(run, call, data);
    else
        memset(data, wht_record_poison(run, WHT_POISON_FAILED), sizeof(data));
    access->Data = word_from(data);
    return finish(run, call, hr);
}

/* Whether the arrays of a batch can be read and written down. */
static bool check_batch(struct wht_record_run *run, const WHV_REGISTER_NAME *names, UINT32 count,
                        const WHV_REGISTER_VALUE *values)
{
    if (count > 0 && (!names || !values))
        break_unspeakably(run, WHT_RULE_NULL_ARGUMENT);
    else if (count > WHT_BATCH_MAX)
        break_unspeakably(run, WHT_RULE_REGISTER_COUNT);
    if (run->problem)
        return false;
    if (count > 0 && (uintptr_t)names % 16)
        break_rule(run, WHT_RULE_UNALIGNED_NAMES);
    if (count > 0 && (uintptr_t)values % 16)
        break_rule(run, WHT_RULE_UNALIGNED_VALUES);
    for (UINT32 i = 1; i < count; i++)
        for (UINT32 j = 0; j < i; j++)
            if (names[i] == names[j])
                break_unspeakably(run, WHT_RULE_NAMED_TWICE);
    return !run->problem;
}

/* The bits that a register has; the rest of its slot means nothing. */
static WHV_REGISTER_VALUE meaningful(WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *value)
{
    WHV_REGISTER_VALUE clean = {.Reg128 = {.Low64 = 0}};
    switch (wht_reg_kind(name)) {
    case WHT_REG_U64:
        clean.Reg64 = value->Reg64;
        break;
    case WHT_REG_TABLE:
        clean.Table.Base = value->Table.Base;
        clean.Table.Limit = value->Table.Limit;
        break;
    default:
        memcpy(&clean, value, sizeof(clean));
    }
    return clean;
}

/* Values may lie unaligned. */
static void keep_registers(struct wht_record_run *run, struct wht_call *call,
                           const WHV_REGISTER_NAME *names, UINT32 count,
                           const WHV_REGISTER_VALUE *values)
{
    call->regs = wht_arena_take(run->arena, (count + 1) * sizeof(*call->regs));
    call->reg_count = count;
    for (UINT32 i = 0; i < count; i++) {
        WHV_REGISTER_VALUE *kept = wht_arena_take(run->arena, sizeof(*kept));
        WHV_REGISTER_VALUE value;
        memcpy(&value, (const char *)values + i * sizeof(value), sizeof(value));
        *kept = meaningful(names[i], &value);
        call->regs[i] = (struct wht_want_reg){.name = names[i],
                                              .mask = {.Low64 = UINT64_MAX, .High64 = UINT64_MAX},
                                              .values = kept,
                                              .count = 1};
        mix(run, (uint32_t)names[i]);
        mix(run, kept->Reg128.Low64);
        mix(run, kept->Reg128.High64);
    }
}

static void answer_register(struct wht_record_run *run, WHV_REGISTER_NAME name, void *slot)
{
    const WHV_REGISTER_VALUE *known = wht_guest_reg(run->guest, name);
    WHV_REGISTER_VALUE value = {.Reg128 = {.Low64 = 0}};
    if (known)
        value = *known;
    else
        run->uncaptured++;
    if (wht_reg_kind(name) == WHT_REG_U64)
        memset(&value.Reg128.High64, wht_record_poison(run, WHT_POISON_UPPER),
               sizeof(value.Reg128.High64));
    memcpy(slot, &value, sizeof(value));
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct wht_record_run *run = active;
    if (!run)
        return E_UNEXPECTED;
    if (!check_batch(run, names, count, values))
        return E_ABORT;
    struct wht_event event = {.kind = WHT_CALL_GET, .names = names, .count = count};
    struct wht_call *call = add(run, context, &event);
    if (!call || run->problem)
        return E_ABORT;
    const struct wht_call *armed = wht_answers_armed(run->answers, &event);
    HRESULT hr = armed && armed->has_fail ? armed->fail : S_OK;
    for (UINT32 i = 0; i < count; i++)
        answer_register(run, names[i], (char *)values + i * sizeof(*values));
    keep_registers(run, call, names, count, values);
    if (hr != S_OK && count > 0)
        memset((char *)values, wht_record_poison(run, WHT_POISON_FAILED), count * sizeof(*values));
    return finish(run, call, hr);
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct wht_record_run *run = active;
    if (!run)
        return E_UNEXPECTED;
    run->is_set_called = true;
    if (!check_batch(run, names, count, values))
        return E_ABORT;
    struct wht_event event = {.kind = WHT_CALL_SET, .names = names, .count = count};
    struct wht_call *call = add(run, context, &event);
    if (!call || run->problem)
        return E_ABORT;
    keep_registers(run, call, names, count, values);
    const struct wht_call *armed = wht_answers_armed(run->answers, &event);
    if (armed && armed->has_fail)
        return finish(run, call, armed->fail);
    WHV_REGISTER_VALUE kept[WHT_BATCH_MAX];
    for (UINT32 i = 0; i < count; i++)
        kept[i] = call->regs[i].values[0];
    wht_guest_set(run->guest, names, count, kept);
    run->is_set_done = true;
    return finish(run, call, S_OK);
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct wht_record_run *run = active;
    if (!run)
        return E_UNEXPECTED;
    if (!result || !gpa)
        break_unspeakably(run, WHT_RULE_NULL_ARGUMENT);
    if (gva % WHT_PAGE_SIZE != 0)
        break_unspeakably(run, WHT_RULE_UNALIGNED_PAGE);
    if ((uint32_t)flags & ~KNOWN_FLAGS)
        wht_record_problem(run, "a Translate has a flag that no trace can name");
    struct wht_event event = {.kind = WHT_CALL_TRANSLATE, .address = gva, .flags = (uint32_t)flags};
    struct wht_call *call = add(run, context, &event);
    if (!call || run->problem)
        return E_ABORT;
    const struct wht_call *armed = wht_answers_armed(run->answers, &event);
    call->has_flags = true;
    call->flags = event.flags;
    mix(run, event.flags);
    if (armed && armed->has_fail) {
        memset(result, wht_record_poison(run, WHT_POISON_FAILED), sizeof(*result));
        memset(gpa, wht_record_poison(run, WHT_POISON_FAILED), sizeof(*gpa));
        return finish(run, call, armed->fail);
    }
    call->result = wht_guest_translate(run->guest, gva, event.flags, &call->gpa);
    if (armed && armed->has_result)
        call->result = armed->result;
    if (armed && armed->has_gpa)
        call->gpa = armed->gpa;
    call->has_result = true;
    call->has_gpa = wht_is_walked(call->result);
    *result = call->result;
    *gpa = call->gpa;
    if (!call->has_gpa)
        memset(gpa, wht_record_poison(run, WHT_POISON_GPA), sizeof(*gpa));
    return finish(run, call, S_OK);
}

const WHV_EMULATOR_CALLBACKS wht_record_callbacks = {
    .Size = sizeof(WHV_EMULATOR_CALLBACKS),
    .WHvEmulatorIoPortCallback = on_io,
    .WHvEmulatorMemoryCallback = on_memory,
    .WHvEmulatorGetVirtualProcessorRegisters = on_get,
    .WHvEmulatorSetVirtualProcessorRegisters = on_set,
    .WHvEmulatorTranslateGvaPage = on_translate,
};
