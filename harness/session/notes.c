/* SPDX-License-Identifier: MIT */
#include "notes.h"

#include <stdlib.h>
#include <string.h>

#include "words/names.h"

#define KNOWN_FLAGS 0x31fu

static void mix(struct wht_notes *notes, uint64_t value)
{
    notes->digest = wht_digest_mix(notes->digest, value);
}

/* The first reason counts. */
static bool give_up(struct wht_notes *notes, const char *problem)
{
    if (!notes->problem)
        notes->problem = problem;
    return false;
}

static bool on_callback(void *watcher, const struct wht_event *event)
{
    struct wht_notes *notes = watcher;
    notes->units += 1u + event->count;
    if (notes->units > WHT_RECORD_MAX)
        return give_up(notes, "more callbacks than a recording holds");
    if (event->kind == WHT_CALL_TRANSLATE && (event->flags & ~KNOWN_FLAGS))
        return give_up(notes, "a Translate has a flag that no trace can name");
    mix(notes, (uint64_t)event->kind);
    mix(notes, event->address);
    return !notes->problem;
}

static bool on_broken_rule(void *watcher, enum wht_rule rule, const struct wht_event *event,
                           WHV_REGISTER_NAME name)
{
    struct wht_notes *notes = watcher;
    (void)event;
    (void)name;
    notes->broken |= UINT32_C(1) << rule;
    return wht_rule_is_recordable(rule) || give_up(notes, wht_rule_text(rule));
}

/* The filler answers, which has the pattern. */
static bool on_unanswered(void *watcher, const struct wht_event *event, enum wht_place place)
{
    struct wht_notes *notes = watcher;
    (void)event;
    (void)place;
    notes->patterned++;
    return true;
}

static bool on_uncaptured(void *watcher, const struct wht_event *event, WHV_REGISTER_NAME name)
{
    struct wht_notes *notes = watcher;
    (void)event;
    (void)name;
    notes->uncaptured++;
    return true;
}

static struct wht_call *add(struct wht_notes *notes, const struct wht_event *event)
{
    if (notes->count == notes->capacity) {
        notes->capacity = notes->capacity ? 2 * notes->capacity : 64;
        notes->calls = realloc(notes->calls, notes->capacity * sizeof(*notes->calls));
        if (!notes->calls)
            abort();
    }
    struct wht_call *call = &notes->calls[notes->count++];
    *call = (struct wht_call){.kind = event->kind, .address = event->address};
    return call;
}

static void keep_data(struct wht_notes *notes, struct wht_call *call, const uint8_t *data)
{
    uint64_t value = 0;
    call->has_data = true;
    call->data.size = call->size;
    call->data.data = wht_arena_take(notes->arena, call->size);
    memcpy(call->data.data, data, call->size);
    memcpy(&value, data, call->size);
    mix(notes, value);
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

static void keep_registers(struct wht_notes *notes, struct wht_call *call,
                           const struct wht_event *event, const WHV_REGISTER_VALUE *values)
{
    call->regs = wht_arena_take(notes->arena, (event->count + 1) * sizeof(*call->regs));
    call->reg_count = event->count;
    for (uint32_t i = 0; i < event->count; i++) {
        WHV_REGISTER_VALUE *kept = wht_arena_take(notes->arena, sizeof(*kept));
        *kept = meaningful(event->names[i], &values[i]);
        call->regs[i] = (struct wht_want_reg){.name = event->names[i],
                                              .mask = {.Low64 = UINT64_MAX, .High64 = UINT64_MAX},
                                              .values = kept,
                                              .count = 1};
        mix(notes, (uint32_t)event->names[i]);
        mix(notes, kept->Reg128.Low64);
        mix(notes, kept->Reg128.High64);
    }
}

static void keep_translation(struct wht_notes *notes, struct wht_call *call,
                             const struct wht_event *event, const struct wht_answer *answer)
{
    call->has_flags = true;
    call->flags = event->flags;
    mix(notes, event->flags);
    if (answer->hr != S_OK)
        return;
    call->has_result = true;
    call->result = answer->result;
    call->has_gpa = answer->has_gpa;
    call->gpa = answer->gpa;
}

static void on_answered(void *watcher, const struct wht_event *event,
                        const struct wht_answer *answer)
{
    struct wht_notes *notes = watcher;
    struct wht_call *call = add(notes, event);
    call->size = event->size;
    if (event->kind == WHT_CALL_MEM_WRITE || event->kind == WHT_CALL_IO_OUT)
        keep_data(notes, call, event->data);
    else if (event->kind == WHT_CALL_GET)
        keep_registers(notes, call, event, answer->values);
    else if (event->kind == WHT_CALL_SET)
        keep_registers(notes, call, event, event->values);
    else if (event->kind == WHT_CALL_TRANSLATE)
        keep_translation(notes, call, event, answer);
    else if (answer->hr == S_OK)
        keep_data(notes, call, answer->data);
    mix(notes, (uint32_t)answer->hr);
    call->has_fail = answer->hr != S_OK;
    call->fail = answer->hr;
}

uint8_t wht_pattern_byte(uint64_t address)
{
    return (uint8_t)(0xc0 + (address ^ address >> 8));
}

static const struct wht_observer observer = {
    .on_callback = on_callback,
    .on_broken_rule = on_broken_rule,
    .on_unanswered = on_unanswered,
    .on_uncaptured = on_uncaptured,
    .on_answered = on_answered,
    .filler = wht_pattern_byte,
};

static void check_status(struct wht_notes *notes, const struct wht_session *session)
{
    mix(notes, (uint32_t)session->hr);
    if (session->hr != S_OK)
        return;
    mix(notes, session->status);
    if (session->status == 0)
        give_up(notes, "the status has no bit, which no case can expect");
}

void wht_notes_call(struct wht_notes *notes, struct wht_session *session,
                    const struct wht_handles *handles, unsigned flipped)
{
    wht_arena_reset(notes->arena);
    *notes = (struct wht_notes){
        .arena = notes->arena, .calls = notes->calls, .capacity = notes->capacity};
    wht_session_start(session, flipped);
    session->observer = &observer;
    session->watcher = notes;
    wht_session_call(session, handles);
    check_status(notes, session);
}
