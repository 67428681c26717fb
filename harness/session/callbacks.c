/* SPDX-License-Identifier: MIT */
/*
 * Each callback is checked (contract.h), shown to the observer, and answered: by the element of the
 * case that the observer names, else by the guest and, by address, by the devices of the case.
 */
#include "callbacks.h"

#include <stdint.h>
#include <string.h>

#include "contract.h"
#include "words/names.h"

static _Thread_local struct wht_session *served;

void wht_callbacks_serve(struct wht_session *session)
{
    served = session;
}

static HRESULT end_call(struct wht_session *s)
{
    s->was_ended = true;
    s->has_failed = true;
    return E_FAIL;
}

static HRESULT finish(struct wht_session *s, const struct wht_event *event,
                      const struct wht_answer *answer)
{
    if (answer->hr != S_OK)
        s->has_failed = true;
    if (s->observer->on_answered)
        s->observer->on_answered(s->watcher, event, answer);
    return answer->hr;
}

static const struct wht_call *find_element(struct wht_session *s, const struct wht_event *event,
                                           enum wht_place place)
{
    return s->observer->find_element ? s->observer->find_element(s->watcher, event, place) : NULL;
}

/* What the guest does not answer as usual. */
static const struct wht_call *find_injection(struct wht_session *s, const struct wht_event *event)
{
    return s->injects ? wht_injections_find(&s->injections, event) : NULL;
}

/* Element or injection, whichever there is. */
static const struct wht_call *find_answer(struct wht_session *s, const struct wht_event *event)
{
    const struct wht_call *call = find_element(s, event, WHT_PLACE_MODEL);
    return call ? call : find_injection(s, event);
}

static HRESULT fail_of(const struct wht_call *call)
{
    return call && call->has_fail ? call->fail : S_OK;
}

static bool is_read(const struct wht_event *event)
{
    return event->kind == WHT_CALL_MEM_READ || event->kind == WHT_CALL_IO_IN;
}

/* A device, hole or port without regard to order. */
static HRESULT access_device(struct wht_session *s, const struct wht_event *event,
                             enum wht_place place, uint8_t *data)
{
    struct wht_device_answer answered = wht_devices_access(&s->devices, event, data);
    if (answered.fails)
        return answered.fails->fail;
    if (!is_read(event) || answered.is_complete ||
        s->observer->on_unanswered(s->watcher, event, place))
        return S_OK;
    return end_call(s);
}

/* @param data of a read, filled with what answers where nothing else does. */
static HRESULT answer_access(struct wht_session *s, const struct wht_event *event,
                             enum wht_place place, uint8_t *data)
{
    const struct wht_call *call = find_element(s, event, place);
    if (call) {
        if (!call->has_fail && is_read(event))
            memcpy(data, call->data.data, call->size);
        return fail_of(call);
    }
    if (place == WHT_PLACE_MODEL)
        return fail_of(find_injection(s, event));
    if (place == WHT_PLACE_EMPTY)
        return S_OK;
    return access_device(s, event, place, data);
}

static void fill(const struct wht_session *s, const struct wht_event *event, enum wht_place place,
                 uint8_t *data)
{
    bool has_filler = s->observer->filler && place != WHT_PLACE_EMPTY;
    for (uint32_t i = 0; i < event->size; i++)
        data[i] = has_filler ? s->observer->filler(event->address + i) : 0xff;
}

/* A hole that no element reads is like memory that holds ones. */
static enum wht_place place_of(struct wht_session *s, const struct wht_event *event)
{
    bool is_write = event->kind == WHT_CALL_MEM_WRITE;
    enum wht_place place = wht_guest_place(&s->guest, event->address, event->size, is_write);
    if (place == WHT_PLACE_HOLE && !is_write &&
        !wht_devices_cover(&s->devices, event->address, event->size))
        return WHT_PLACE_EMPTY;
    return place;
}

/* Answers a memory or port access that broke no rule. @param data 8 bytes; receives what is read.
 */
static HRESULT access(struct wht_session *s, const struct wht_event *event, enum wht_place place,
                      uint8_t *data)
{
    struct wht_answer answer = {.data = data};
    memset(data, wht_session_poison(s, WHT_POISON_DATA), 8);
    if (is_read(event))
        fill(s, event, place, data);
    if (event->kind == WHT_CALL_MEM_READ)
        wht_guest_read(&s->guest, event->address, event->size, data);
    answer.hr = answer_access(s, event, place, data);
    finish(s, event, &answer);
    if (answer.hr != S_OK)
        memset(data, wht_session_poison(s, WHT_POISON_FAILED), 8);
    return answer.hr;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *info)
{
    struct wht_session *s = served;
    if (!s)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_MEM_READ};
    if (info) {
        event.kind = info->Direction == 0 ? WHT_CALL_MEM_READ : WHT_CALL_MEM_WRITE;
        event.address = info->GpaAddress;
        event.size = info->AccessSize;
        event.direction = info->Direction;
        memcpy(event.data, info->Data, sizeof(event.data));
    }
    if (!wht_contract_callback(s, context, &event) || !wht_contract_memory(s, info, &event))
        return end_call(s);
    uint8_t data[8];
    wht_guest_ask(&s->guest, event.address, event.size);
    HRESULT hr = access(s, &event, place_of(s, &event), data);
    if (event.kind == WHT_CALL_MEM_READ)
        memcpy(info->Data, data, sizeof(data));
    else if (hr == S_OK)
        wht_guest_write(&s->guest, event.address, event.size, event.data);
    return hr;
}

static HRESULT CALLBACK on_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *info)
{
    struct wht_session *s = served;
    if (!s)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_IO_IN};
    if (info) {
        event.kind = info->Direction == 0 ? WHT_CALL_IO_IN : WHT_CALL_IO_OUT;
        event.address = info->Port;
        event.size = info->AccessSize;
        event.direction = info->Direction;
        for (unsigned i = 0; i < 4; i++)
            event.data[i] = (uint8_t)(info->Data >> 8 * i);
    }
    if (!wht_contract_callback(s, context, &event) || !wht_contract_port(s, info, &event))
        return end_call(s);
    uint8_t data[8];
    HRESULT hr = access(s, &event, WHT_PLACE_DEVICE, data);
    if (event.kind == WHT_CALL_IO_IN)
        info->Data =
            (UINT32)data[0] | (UINT32)data[1] << 8 | (UINT32)data[2] << 16 | (UINT32)data[3] << 24;
    return hr;
}

/* Arrays that are not aligned are copied: what they say is judged all the same. */
static const void *align(const void *array, uint32_t count, void *copy, size_t size)
{
    if (!array || (uintptr_t)array % 16 == 0)
        return array;
    memcpy(copy, array, (count < WHT_BATCH_MAX ? count : WHT_BATCH_MAX) * size);
    return copy;
}

/* The value that the element itself answers with, else that of the guest. */
static const WHV_REGISTER_VALUE *value_of(const struct wht_session *s, const struct wht_call *call,
                                          WHV_REGISTER_NAME name)
{
    if (call && !call->names_only)
        for (size_t i = 0; i < call->reg_count; i++)
            if (call->regs[i].name == name && call->regs[i].count > 0)
                return &call->regs[i].values[0];
    return wht_guest_reg(&s->guest, name);
}

/* @return false after a register that the case does not know. */
static bool fill_slots(struct wht_session *s, const struct wht_call *call,
                       const struct wht_event *event, WHV_REGISTER_VALUE *slots)
{
    bool fails = fail_of(call) != S_OK;
    for (uint32_t i = 0; i < event->count; i++) {
        WHV_REGISTER_NAME name = event->names[i];
        const WHV_REGISTER_VALUE *value = value_of(s, call, name);
        if (!value && !fails && !s->observer->on_uncaptured(s->watcher, event, name))
            return false;
        slots[i] = value ? *value : (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = 0}};
        /* The upper half of a 64-bit register's slot means nothing. */
        if (wht_reg_kind(name) == WHT_REG_U64)
            memset(&slots[i].Reg128.High64, wht_session_poison(s, WHT_POISON_UPPER),
                   sizeof(slots[i].Reg128.High64));
    }
    return true;
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct wht_session *s = served;
    if (!s)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_GET,
                              .names = align(names, count, s->names, sizeof(*names)),
                              .count = count};
    if (!wht_contract_callback(s, context, &event) || !wht_contract_batch(s, &event, names, values))
        return end_call(s);
    const struct wht_call *call = find_answer(s, &event);
    struct wht_answer answer = {.hr = fail_of(call), .values = s->values};
    if (!fill_slots(s, call, &event, s->values))
        return end_call(s);
    finish(s, &event, &answer);
    if (answer.hr != S_OK)
        memset(s->values, wht_session_poison(s, WHT_POISON_FAILED), count * sizeof(*s->values));
    if (count > 0)
        memcpy((void *)values, s->values, count * sizeof(*s->values));
    return answer.hr;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct wht_session *s = served;
    if (!s)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_SET,
                              .names = align(names, count, s->names, sizeof(*names)),
                              .values = align(values, count, s->values, sizeof(*values)),
                              .count = count};
    s->is_set_called = true;
    if (!wht_contract_callback(s, context, &event) || !wht_contract_batch(s, &event, names, values))
        return end_call(s);
    struct wht_answer answer = {.hr = fail_of(find_answer(s, &event))};
    if (answer.hr == S_OK) {
        wht_guest_set(&s->guest, event.names, count, event.values);
        s->is_set_done = true;
    }
    return finish(s, &event, &answer);
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct wht_session *s = served;
    if (!s)
        return E_UNEXPECTED; /* outside of a call, or on another thread */
    struct wht_event event = {.kind = WHT_CALL_TRANSLATE, .address = gva, .flags = (uint32_t)flags};
    if (!wht_contract_callback(s, context, &event) ||
        !wht_contract_translate(s, &event, result, gpa))
        return end_call(s);
    const struct wht_call *call = find_answer(s, &event);
    struct wht_answer answer = {.hr = fail_of(call)};
    if (answer.hr == S_OK) {
        wht_guest_ask_page(&s->guest, gva, event.flags);
        answer.result = wht_guest_translate(&s->guest, gva, event.flags, &answer.gpa);
        if (call && call->has_result)
            answer.result = call->result;
        if (call && call->has_gpa)
            answer.gpa = call->gpa;
        answer.has_gpa = wht_is_walked(answer.result);
        *result = answer.result;
        *gpa = answer.gpa;
        if (!answer.has_gpa)
            memset(gpa, wht_session_poison(s, WHT_POISON_GPA), sizeof(*gpa));
    } else {
        memset(result, wht_session_poison(s, WHT_POISON_FAILED), sizeof(*result));
        memset(gpa, wht_session_poison(s, WHT_POISON_FAILED), sizeof(*gpa));
    }
    return finish(s, &event, &answer);
}

const WHV_EMULATOR_CALLBACKS wht_session_callbacks = {
    .Size = sizeof(WHV_EMULATOR_CALLBACKS),
    .WHvEmulatorIoPortCallback = on_io,
    .WHvEmulatorMemoryCallback = on_memory,
    .WHvEmulatorGetVirtualProcessorRegisters = on_get,
    .WHvEmulatorSetVirtualProcessorRegisters = on_set,
    .WHvEmulatorTranslateGvaPage = on_translate,
};
