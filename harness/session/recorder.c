/* SPDX-License-Identifier: MIT */
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "exit_context.h"
#include "invoke.h"
#include "recording.h"
#include "run.h"

#define STATUS_SUCCESSFUL 1u
#define STATUS_RESERVED   0xfffffc00u

static const char *const poison_texts[] = {
#define WHT_POISON(id, text) [WHT_POISON_##id] = text,
#include "poison.def"
};

const char *wht_poison_text(enum wht_poison poison)
{
    return poison_texts[poison];
}

struct wht_recorder {
    struct wht_handles handles;
    bool keeps_handle;
    struct wht_guest guest;
    struct wht_answers answers;
    struct wht_record_run first; /* what is written down */
    struct wht_record_run again; /* what it is compared with */
    struct wht_case made;
    HRESULT hr;
    uint32_t status;
};

struct wht_recorder *wht_recorder_open(const struct wht_backend *backend, char *error)
{
    struct wht_recorder *recorder = calloc(1, sizeof(*recorder));
    if (!recorder) {
        snprintf(error, WHT_BACKEND_ERROR_MAX, "out of memory");
        return NULL;
    }
    if (!wht_handles_open(&recorder->handles, backend, &wht_record_callbacks, error)) {
        free(recorder);
        return NULL;
    }
    recorder->first.arena = wht_arena_new();
    recorder->again.arena = wht_arena_new();
    return recorder;
}

void wht_recorder_keep_handle(struct wht_recorder *recorder)
{
    recorder->keeps_handle = true;
}

void wht_recorder_close(struct wht_recorder *recorder)
{
    if (!recorder)
        return;
    if (recorder->keeps_handle)
        wht_handles_keep(&recorder->handles);
    wht_handles_close(&recorder->handles);
    wht_guest_free(&recorder->guest);
    wht_answers_free(&recorder->answers);
    free(recorder->first.calls);
    free(recorder->again.calls);
    wht_arena_free(recorder->first.arena);
    wht_arena_free(recorder->again.arena);
    free(recorder);
}

static void start(struct wht_recorder *recorder, struct wht_record_run *run, unsigned flipped)
{
    struct wht_arena *arena = run->arena;
    struct wht_call *calls = run->calls;
    size_t capacity = run->capacity;
    wht_arena_reset(arena);
    wht_guest_reset(&recorder->guest);
    wht_answers_reset(&recorder->answers);
    *run = (struct wht_record_run){.guest = &recorder->guest,
                                   .answers = &recorder->answers,
                                   .arena = arena,
                                   .flipped = flipped,
                                   .calls = calls,
                                   .capacity = capacity};
}

/* The status is only defined if the call returned S_OK. */
static void check_status(struct wht_recorder *recorder, struct wht_record_run *run, uint32_t poison)
{
    uint32_t status = recorder->status;
    if (recorder->hr != S_OK)
        return;
    run->digest = wht_digest_mix(run->digest, status);
    if (status == poison) {
        run->broken |= UINT32_C(1) << WHT_RULE_STATUS_NOT_WRITTEN;
        wht_record_problem(run, wht_rule_text(WHT_RULE_STATUS_NOT_WRITTEN));
    } else if (status & STATUS_RESERVED) {
        run->broken |= UINT32_C(1) << WHT_RULE_STATUS_RESERVED;
        wht_record_problem(run, wht_rule_text(WHT_RULE_STATUS_RESERVED));
    } else if (status == 0) {
        wht_record_problem(run, "the status has no bit, which no case can expect");
    }
}

static void check_set(const struct wht_recorder *recorder, struct wht_record_run *run)
{
    bool succeeded = recorder->hr == S_OK && (recorder->status & STATUS_SUCCESSFUL);
    if (run->is_set_done && !succeeded)
        run->broken |= UINT32_C(1) << WHT_RULE_SET_IN_FAILED_CALL;
    else if (succeeded && !run->is_set_called)
        run->broken |= UINT32_C(1) << WHT_RULE_NO_SET;
}

static void call_once(struct wht_recorder *recorder, const struct wht_case *c,
                      struct wht_record_run *run, unsigned flipped)
{
    start(recorder, run, flipped);
    uint32_t poison = wht_record_poison(run, WHT_POISON_STATUS) * UINT32_C(0x01010101);
    uint8_t filler =
        flipped >> WHT_POISON_BYTES & 1 ? (uint8_t)~WHT_BYTES_POISON : (uint8_t)WHT_BYTES_POISON;
    bool is_written;
    recorder->status = poison;
    wht_record_activate(run);
    recorder->hr = wht_invoke(&recorder->handles, c, run, filler, &recorder->status, &is_written);
    wht_record_activate(NULL);
    if (is_written)
        run->broken |= UINT32_C(1) << WHT_RULE_EXIT_CONTEXT_WRITTEN;
    run->digest = wht_digest_mix(run->digest, (uint32_t)recorder->hr);
    check_status(recorder, run, poison);
    check_set(recorder, run);
}

static void expect_registers(struct wht_recorder *recorder, struct wht_expect *expect)
{
    const struct wht_record_run *run = &recorder->first;
    for (size_t i = 0; i < run->count; i++) {
        const struct wht_call *call = &run->calls[i];
        if (call->kind != WHT_CALL_SET || call->has_fail)
            continue;
        expect->regs = call->regs;
        expect->reg_count = call->reg_count;
    }
}

/* A run of changed bytes may hold a few that are as they were. */
#define MEMORY_GAP 8u

static void expect_region(struct wht_recorder *recorder, struct wht_expect *expect,
                          const struct wht_memory *memory, const uint8_t *before,
                          const uint8_t *after)
{
    uint64_t end = 0;
    for (uint64_t i = 0; i < memory->size; i = end + 1) {
        while (i < memory->size && before[i] == after[i])
            i++;
        if (i == memory->size)
            return;
        end = i;
        for (uint64_t j = i; j < memory->size && j - end <= MEMORY_GAP; j++)
            if (before[j] != after[j])
                end = j;
        struct wht_want_memory *want = &expect->memory[expect->memory_count++];
        size_t size = (size_t)(end - i + 1);
        *want = (struct wht_want_memory){.gpa = memory->gpa + i};
        want->data.size = size;
        want->data.data = wht_arena_take(recorder->first.arena, size);
        memcpy(want->data.data, after + i, size);
    }
}

static void expect_memory(struct wht_recorder *recorder, const struct wht_case *c,
                          struct wht_expect *expect)
{
    const struct wht_guest *guest = &recorder->guest;
    if (!guest->is_dirty)
        return;
    /* Two runs lie at least MEMORY_GAP apart. */
    size_t most = guest->ram_size / MEMORY_GAP + c->memory_count + 1;
    expect->memory = wht_arena_take(recorder->first.arena, most * sizeof(*expect->memory));
    for (size_t i = 0; i < c->memory_count; i++)
        if (c->memory[i].kind == WHT_MEMORY_RAM && c->memory[i].size > 0)
            expect_region(recorder, expect, &c->memory[i], guest->pristine + guest->starts[i],
                          guest->current + guest->starts[i]);
}

/* The case itself with another expectation; what it meant is gone. */
static void make_case(struct wht_recorder *recorder, const struct wht_case *c)
{
    struct wht_case *made = &recorder->made;
    *made = *c;
    made->init.others_unknown = false;
    made->match = WHT_MATCH_STRICT;
    made->verdict = WHT_VERDICT_MUST;
    made->flags = (struct wht_strings){.count = 0};
    made->spec = (struct wht_strings){.count = 0};
    made->todo = (struct wht_strings){.count = 0}; /* the emulator has said it */
    made->expect = (struct wht_expect){.hr = recorder->hr,
                                       .status = STATUS_SUCCESSFUL,
                                       .has_calls = true,
                                       .calls = recorder->first.calls,
                                       .call_count = recorder->first.count};
    if (recorder->hr == S_OK)
        made->expect.status = recorder->status;
    expect_registers(recorder, &made->expect);
    expect_memory(recorder, c, &made->expect);
}

/* Calls again with other poison; if that goes another way, finds out what was looked at. */
static void find_what_was_looked_at(struct wht_recorder *recorder, const struct wht_case *c,
                                    struct wht_recording *recording)
{
    struct wht_record_run *again = &recorder->again;
    uint64_t digest = recorder->first.digest;
    call_once(recorder, c, again, (1u << WHT_POISON_COUNT) - 1);
    if (again->digest == digest)
        return;
    call_once(recorder, c, again, 0);
    if (again->digest != digest) {
        recording->is_unsteady = true;
        return;
    }
    for (unsigned i = 0; i < WHT_POISON_COUNT; i++) {
        call_once(recorder, c, again, 1u << i);
        if (again->digest != digest)
            recording->looked_at |= 1u << i;
    }
}

void wht_record(struct wht_recorder *recorder, const struct wht_case *c,
                struct wht_recording *recording)
{
    *recording = (struct wht_recording){.made = NULL};
    if (c->api == WHT_API_PREVIEW && !recorder->handles.preview) {
        recording->skip_reason = "the emulator does not export the preview functions";
        return;
    }
    if (!wht_guest_load(&recorder->guest, c) ||
        !wht_answers_load(&recorder->answers, &recorder->guest)) {
        recording->problem = "out of memory";
        return;
    }
    call_once(recorder, c, &recorder->first, 0);
    make_case(recorder, c);
    find_what_was_looked_at(recorder, c, recording);
    const struct wht_record_run *run = &recorder->first;
    recording->problem = run->problem;
    recording->broken = run->broken;
    recording->patterned = run->patterned;
    recording->uncaptured = run->uncaptured;
    if (!run->problem)
        recording->made = &recorder->made;
}
