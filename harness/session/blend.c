/* SPDX-License-Identifier: MIT */
#include "blend.h"

#include <string.h>

#include "base/arena.h"
#include "blend_value.h"
#include "match.h"

#define SUCCESS   1u /* a status */
#define VECTOR_DB 1u
#define VECTOR_PF 14u

struct blend {
    struct wht_case *c;
    const struct wht_case *made;
    struct wht_guest guest;
};

static void replay_set(struct blend *b, const struct wht_call *call)
{
    WHV_REGISTER_NAME names[WHT_BATCH_MAX];
    WHV_REGISTER_VALUE values[WHT_BATCH_MAX];
    uint32_t count = 0;
    for (; count < call->reg_count && count < WHT_BATCH_MAX; count++) {
        names[count] = call->regs[count].name;
        values[count] = *call->regs[count].values;
    }
    wht_guest_set(&b->guest, names, count, values);
}

/* The guest as it was left: a call has one Set at most. */
static void replay_changes(struct blend *b)
{
    for (size_t i = 0; i < b->made->expect.call_count; i++) {
        const struct wht_call *call = &b->made->expect.calls[i];
        if (call->kind == WHT_CALL_SET && !call->has_fail)
            replay_set(b, call);
    }
    for (size_t i = 0; i < b->made->expect.memory_count; i++) {
        const struct wht_want_memory *memory = &b->made->expect.memory[i];
        wht_guest_write(&b->guest, memory->gpa, (uint32_t)memory->data.size, memory->data.data);
    }
}

static bool is_listed(const struct blend *b, WHV_REGISTER_NAME name)
{
    return wht_want_reg_of(b->c->expect.regs, b->c->expect.reg_count, name) != NULL;
}

static bool has_succeeded(const struct blend *b)
{
    return b->c->expect.hr == S_OK && b->c->expect.status == SUCCESS;
}

/* @return the exception that is pending in the end and was not before, or NULL. */
static const WHV_X64_PENDING_EXCEPTION_EVENT *pending(const struct blend *b)
{
    const WHV_REGISTER_VALUE *event = wht_guest_reg(&b->guest, WHvRegisterPendingEvent);
    const WHV_REGISTER_VALUE *before = wht_init_reg(&b->c->init, WHvRegisterPendingEvent);
    bool is_new = event && !(before && wht_reg_equal(WHvRegisterPendingEvent, before, event)) &&
                  event->ExceptionEvent.EventPending &&
                  event->ExceptionEvent.EventType == WHvX64PendingEventException &&
                  event->ExceptionEvent.Vector <= UINT8_MAX;
    return is_new && has_succeeded(b) && !is_listed(b, WHvRegisterPendingEvent)
               ? &event->ExceptionEvent
               : NULL;
}

/* A fault keeps what its author left open of it. What it cannot say is said of the register. */
static void blend_fault(struct blend *b)
{
    struct wht_expect *e = &b->c->expect;
    const WHV_X64_PENDING_EXCEPTION_EVENT *event = pending(b);
    const struct wht_want_fault old = e->fault;
    const bool is_same = e->has_fault && event && old.vector == event->Vector;
    e->has_fault = event && !(is_same && old.has_code && !event->DeliverErrorCode) &&
                   !(e->trap && event->Vector == VECTOR_DB);
    if (!e->has_fault)
        return;
    e->fault = (struct wht_want_fault){
        .vector = (uint8_t)event->Vector,
        .has_code = event->DeliverErrorCode && (!is_same || old.has_code),
        .code = event->ErrorCode,
        .has_address = is_same ? old.has_address : event->Vector == VECTOR_PF,
        .address = event->ExceptionParameter};
}

static void blend_trap(struct blend *b)
{
    struct wht_expect *e = &b->c->expect;
    const WHV_REGISTER_VALUE *debug = wht_guest_reg(&b->guest, WHvX64RegisterPendingDebugException);
    const WHV_X64_PENDING_EXCEPTION_EVENT *event = pending(b);
    e->trap = e->trap && has_succeeded(b) &&
              ((debug && debug->PendingDebugException.SingleStep) ||
               (event && event->Vector == VECTOR_DB));
}

/* @return whether a change of a register needs no entry. */
static bool is_told_otherwise(const struct blend *b, WHV_REGISTER_NAME name)
{
    const struct wht_expect *e = &b->c->expect;
    if (name == WHvRegisterPendingEvent)
        return e->has_fault || e->trap;
    if (name == WHvX64RegisterPendingDebugException || name == WHvX64RegisterDr6)
        return e->trap;
    return e->others_any && !(e->has_fault && name == WHvX64RegisterRip);
}

static void blend_registers(struct blend *b)
{
    struct wht_expect *e = &b->c->expect;
    for (size_t i = 0; i < e->reg_count; i++) {
        const WHV_REGISTER_VALUE *value = wht_guest_reg(&b->guest, e->regs[i].name);
        if (value)
            wht_blend_want(b->c, &e->regs[i], value);
    }
    for (uint32_t i = 0; i < b->guest.written_count; i++) {
        const WHV_REGISTER_NAME name = b->guest.written_names[i];
        const WHV_REGISTER_VALUE *value = &b->guest.written_values[i];
        const WHV_REGISTER_VALUE *before = wht_init_reg(&b->c->init, name);
        if (is_listed(b, name) || is_told_otherwise(b, name) ||
            (before && wht_reg_equal(name, before, value)))
            continue;
        wht_case_want(b->c, name, value)->is_distance = name == WHvX64RegisterRip && before;
    }
}

static bool is_listed_byte(const struct wht_expect *e, size_t count, uint64_t gpa)
{
    for (size_t i = 0; i < count; i++)
        if (gpa - e->memory[i].gpa < e->memory[i].data.size)
            return true;
    return false;
}

/* What changed and is not listed is listed, in runs. */
static void list_changes(struct blend *b, const struct wht_memory *memory, size_t start)
{
    struct wht_expect *e = &b->c->expect;
    const size_t listed = e->memory_count;
    const uint8_t *before = b->guest.pristine + start;
    const uint8_t *after = b->guest.current + start;
    uint64_t end;
    if (memcmp(before, after, memory->size) == 0)
        return;
    for (uint64_t i = 0; i < memory->size; i = end + 1) {
        end = i;
        while (end < memory->size && before[end] != after[end] &&
               !is_listed_byte(e, listed, memory->gpa + end))
            end++;
        if (end > i)
            wht_case_want_memory(b->c, memory->gpa + i, after + i, NULL, (size_t)(end - i));
    }
}

static void blend_memory(struct blend *b)
{
    struct wht_expect *e = &b->c->expect;
    for (size_t i = 0; i < e->memory_count; i++) {
        struct wht_want_memory *want = &e->memory[i];
        uint8_t *actual = wht_arena_take(b->c->arena, want->data.size);
        for (size_t j = 0; j < want->data.size; j++) {
            const uint8_t *byte = wht_guest_ram_byte(&b->guest, b->guest.current, want->gpa + j);
            actual[j] = byte ? *byte : want->data.data[j];
        }
        wht_blend_bytes(b->c, &want->data, actual);
    }
    for (size_t i = 0; b->guest.is_dirty && i < b->c->memory_count; i++)
        if (b->c->memory[i].kind == WHT_MEMORY_RAM && b->c->memory[i].size > 0)
            list_changes(b, &b->c->memory[i], b->guest.starts[i]);
}

bool wht_blend(struct wht_case *c, const struct wht_case *made, enum wht_blend_calls calls)
{
    struct blend b = {.c = c, .made = made};
    if (!wht_guest_load(&b.guest, c))
        return false;
    wht_guest_reset(&b.guest);
    replay_changes(&b);
    c->expect.hr = made->expect.hr;
    if (made->expect.hr == S_OK)
        c->expect.status = made->expect.status;
    blend_fault(&b);
    blend_trap(&b);
    blend_registers(&b);
    blend_memory(&b);
    wht_blend_elements(c, made, &b.guest, calls);
    wht_guest_free(&b.guest);
    return true;
}
