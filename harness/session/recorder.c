/* SPDX-License-Identifier: MIT */
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "callbacks.h"
#include "notes.h"

#define STATUS_SUCCESSFUL 1u

struct wht_recorder {
    struct wht_handles handles;
    bool keeps_handle;
    struct wht_session session;
    struct wht_notes first; /* what is written down */
    struct wht_notes again; /* what it is compared with */
    struct wht_case made;
};

struct wht_recorder *wht_recorder_open(const struct wht_backend *backend, char *error)
{
    struct wht_recorder *recorder = calloc(1, sizeof(*recorder));
    if (!recorder) {
        snprintf(error, WHT_BACKEND_ERROR_MAX, "out of memory");
        return NULL;
    }
    if (!wht_handles_open(&recorder->handles, backend, &wht_session_callbacks, error)) {
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
    wht_session_free(&recorder->session);
    free(recorder->first.calls);
    free(recorder->again.calls);
    wht_arena_free(recorder->first.arena);
    wht_arena_free(recorder->again.arena);
    free(recorder);
}

static void expect_registers(struct wht_recorder *recorder, struct wht_expect *expect)
{
    const struct wht_notes *notes = &recorder->first;
    for (size_t i = 0; i < notes->count; i++) {
        const struct wht_call *call = &notes->calls[i];
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
    const struct wht_guest *guest = &recorder->session.guest;
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
    made->expect = (struct wht_expect){.hr = recorder->session.hr,
                                       .status = STATUS_SUCCESSFUL,
                                       .has_calls = true,
                                       .calls = recorder->first.calls,
                                       .call_count = recorder->first.count};
    if (recorder->session.hr == S_OK)
        made->expect.status = recorder->session.status;
    expect_registers(recorder, &made->expect);
    expect_memory(recorder, c, &made->expect);
}

static uint64_t call_again(struct wht_recorder *recorder, unsigned flipped)
{
    wht_notes_call(&recorder->again, &recorder->session, &recorder->handles, flipped);
    return recorder->again.digest;
}

/* Calls again with other poison; if that goes another way, finds out what was looked at. */
static void find_what_was_looked_at(struct wht_recorder *recorder, struct wht_recording *recording)
{
    uint64_t digest = recorder->first.digest;
    if (call_again(recorder, (1u << WHT_POISON_COUNT) - 1) == digest)
        return;
    if (call_again(recorder, 0) != digest) {
        recording->is_unsteady = true;
        return;
    }
    for (unsigned i = 0; i < WHT_POISON_COUNT; i++)
        if (call_again(recorder, 1u << i) != digest)
            recording->looked_at |= 1u << i;
}

void wht_record(struct wht_recorder *recorder, const struct wht_case *c,
                struct wht_recording *recording)
{
    *recording = (struct wht_recording){.made = NULL};
    if (c->api == WHT_API_PREVIEW && !recorder->handles.preview) {
        recording->skip_reason = "the emulator does not export the preview functions";
        return;
    }
    if (!wht_session_load(&recorder->session, c)) {
        recording->problem = "out of memory";
        return;
    }
    wht_notes_call(&recorder->first, &recorder->session, &recorder->handles, 0);
    make_case(recorder, c);
    find_what_was_looked_at(recorder, recording);
    const struct wht_notes *notes = &recorder->first;
    recording->problem = notes->problem;
    recording->broken = notes->broken;
    recording->patterned = notes->patterned;
    recording->uncaptured = notes->uncaptured;
    if (!notes->problem)
        recording->made = &recorder->made;
}
