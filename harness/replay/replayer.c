/* SPDX-License-Identifier: MIT */
#include "replayer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "exit_context.h"
#include "run.h"

/* Any two that differ in every bit: what is not written shows in one of the calls. */
#define COLD_POISON 0xa5
#define WARM_POISON 0x5a

struct wht_replayer {
    const struct wht_backend *backend;
    WHV_EMULATOR_HANDLE shipping;
    WHV_EMULATOR_HANDLE preview;
    struct wht_run run;
    struct wht_result cold;
    struct wht_result warm;
    struct wht_result weaker;
    uint64_t case_count; /* run so far, all with these handles */
};

static bool is_preview(const struct wht_case *c)
{
    return c->api == WHT_API_PREVIEW;
}

static HRESULT create_preview(const struct wht_backend *backend, WHV_EMULATOR_HANDLE *handle)
{
    const WHV_EMULATOR_CALLBACKS *t = &wht_run_callbacks;
    WHV_PREVIEW_EMULATOR_CALLBACKS table = {
        .WHvEmulatorIoPortCallback = t->WHvEmulatorIoPortCallback,
        .WHvEmulatorMemoryCallback = t->WHvEmulatorMemoryCallback,
        .WHvEmulatorGetVirtualProcessorRegisters = t->WHvEmulatorGetVirtualProcessorRegisters,
        .WHvEmulatorSetVirtualProcessorRegisters = t->WHvEmulatorSetVirtualProcessorRegisters,
        .WHvEmulatorTranslateGvaPage = t->WHvEmulatorTranslateGvaPage,
    };
    return backend->preview_create(table, handle);
}

static HRESULT create_shipping(const struct wht_backend *backend, WHV_EMULATOR_HANDLE *handle)
{
    /* Emulators copy the table, so it may be a local and must be allowed to be one. */
    WHV_EMULATOR_CALLBACKS table = wht_run_callbacks;
    HRESULT hr = backend->create(&table, handle);
    memset(&table, 0, sizeof(table));
    return hr;
}

struct wht_replayer *wht_replayer_open(const struct wht_backend *backend, char *error)
{
    struct wht_replayer *replayer = calloc(1, sizeof(*replayer));
    if (!replayer) {
        snprintf(error, WHT_BACKEND_ERROR_MAX, "out of memory");
        return NULL;
    }
    replayer->backend = backend;
    const char *name = "WHvEmulatorCreateEmulator";
    HRESULT hr = create_shipping(backend, &replayer->shipping);
    if (hr == S_OK && wht_backend_has_preview(backend)) {
        name = "WHvEmulatorCreateEmulatorPreview";
        hr = create_preview(backend, &replayer->preview);
    }
    if (hr != S_OK) {
        snprintf(error, WHT_BACKEND_ERROR_MAX, "%s returned 0x%08x", name, (unsigned)hr);
        wht_replayer_close(replayer);
        return NULL;
    }
    return replayer;
}

void wht_replayer_close(struct wht_replayer *replayer)
{
    if (!replayer)
        return;
    if (replayer->shipping)
        replayer->backend->destroy(replayer->shipping);
    if (replayer->preview)
        replayer->backend->preview_destroy(replayer->preview);
    wht_run_free(&replayer->run);
    free(replayer);
}

/* Both contexts of a call, so that one comparison tells whether they were written to. */
struct exit_contexts {
    WHV_VP_EXIT_CONTEXT vp;
    union {
        WHV_X64_IO_PORT_ACCESS_CONTEXT io;
        WHV_MEMORY_ACCESS_CONTEXT memory;
    } access;
};

static HRESULT call_shipping(struct wht_replayer *replayer, const struct wht_case *c,
                             uint32_t *status)
{
    struct exit_contexts exit;
    struct exit_contexts before;
    WHV_EMULATOR_STATUS word = {.AsUINT32 = *status};
    HRESULT hr;
    memset(&exit, 0, sizeof(exit));
    wht_exit_vp(c, &exit.vp);
    if (c->exit.kind == WHT_EXIT_IO)
        wht_exit_io(c, &exit.access.io);
    else
        wht_exit_memory(c, &exit.access.memory);
    memcpy(&before, &exit, sizeof(before));
    if (c->exit.kind == WHT_EXIT_IO)
        hr = replayer->backend->try_io(replayer->shipping, &replayer->run, &exit.vp,
                                       &exit.access.io, &word);
    else
        hr = replayer->backend->try_mmio(replayer->shipping, &replayer->run, &exit.vp,
                                         &exit.access.memory, &word);
    if (memcmp(&before, &exit, sizeof(before)) != 0)
        wht_run_break_rule(&replayer->run, WHT_RULE_EXIT_CONTEXT_WRITTEN);
    *status = word.AsUINT32;
    return hr;
}

/* The preview form's contexts are not const: there an emulator may use them as it likes. */
static HRESULT call_preview(struct wht_replayer *replayer, const struct wht_case *c,
                            uint32_t *status)
{
    WHV_PREVIEW_EMULATOR_STATUS word = {.AsUINT32 = *status};
    HRESULT hr;
    if (c->exit.kind == WHT_EXIT_IO) {
        WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT io;
        wht_exit_preview_io(c, &io);
        hr = replayer->backend->preview_try_io(replayer->preview, &replayer->run, &io, &word);
    } else {
        WHV_PREVIEW_MEMORY_ACCESS_CONTEXT memory;
        wht_exit_preview_memory(c, &memory);
        hr = replayer->backend->preview_try_mmio(replayer->preview, &replayer->run, &memory, &word);
    }
    *status = word.AsUINT32;
    return hr;
}

/* Returns a digest of all that can be observed of the call at this level. */
static uint64_t call_once(struct wht_replayer *replayer, const struct wht_case *c,
                          enum wht_match level, uint8_t poison, struct wht_result *result)
{
    struct wht_run *run = &replayer->run;
    uint32_t status_poison = poison * UINT32_C(0x01010101);
    uint32_t status = status_poison;
    if (!wht_run_start(run, level, poison, result))
        return 0;
    wht_run_activate(run);
    HRESULT hr =
        is_preview(c) ? call_preview(replayer, c, &status) : call_shipping(replayer, c, &status);
    wht_run_activate(NULL);
    wht_judge(run, hr, status, status_poison);
    return wht_final_digest(run);
}

static bool fail_alike(const struct wht_result *a, const struct wht_result *b)
{
    return a->divergence.kind == b->divergence.kind &&
           a->divergence.number == b->divergence.number &&
           a->divergence.rule == b->divergence.rule && a->differing == b->differing &&
           a->reg_count == b->reg_count && a->memory_count == b->memory_count;
}

static enum wht_repetition relate(const struct wht_result *cold, const struct wht_result *warm,
                                  bool same_digest)
{
    if (cold->passed && warm->passed)
        return same_digest ? WHT_SAME : WHT_BOTH_PASS_DIFFERENTLY;
    if (cold->passed)
        return WHT_ONLY_WARM_FAILS;
    if (warm->passed)
        return WHT_ONLY_COLD_FAILS;
    return fail_alike(cold, warm) ? WHT_SAME : WHT_BOTH_DIFFER;
}

/* Whether the case passes with a handle that has seen nothing before. */
static bool passes_on_a_fresh_handle(struct wht_replayer *replayer, const struct wht_case *c,
                                     enum wht_match level)
{
    const struct wht_backend *backend = replayer->backend;
    WHV_EMULATOR_HANDLE fresh = NULL;
    WHV_EMULATOR_HANDLE *used = is_preview(c) ? &replayer->preview : &replayer->shipping;
    WHV_EMULATOR_HANDLE kept = *used;
    HRESULT hr = is_preview(c) ? create_preview(backend, &fresh) : create_shipping(backend, &fresh);
    if (hr != S_OK)
        return false;
    *used = fresh;
    call_once(replayer, c, level, COLD_POISON, &replayer->weaker);
    *used = kept;
    if (is_preview(c))
        backend->preview_destroy(fresh);
    else
        backend->destroy(fresh);
    return replayer->weaker.passed;
}

static void judge_weaker(struct wht_replayer *replayer, const struct wht_case *c,
                         struct wht_case_result *outcome)
{
    for (int level = (int)outcome->level - 1; level >= WHT_MATCH_EFFECTS; level--) {
        call_once(replayer, c, (enum wht_match)level, WARM_POISON, &replayer->weaker);
        outcome->judged |= 1u << level;
        outcome->passed |= (unsigned)replayer->weaker.passed << level;
    }
}

void wht_replay(struct wht_replayer *replayer, const struct wht_case *c, enum wht_match level,
                struct wht_case_result *outcome)
{
    *outcome = (struct wht_case_result){.kind = WHT_CASE_SKIPPED,
                                        .level = level < c->match ? level : c->match};
    if (is_preview(c) && !replayer->preview) {
        outcome->reason = "the emulator does not export the preview functions";
        return;
    }
    if (!wht_run_load(&replayer->run, c)) {
        outcome->kind = WHT_CASE_FAILED;
        outcome->reason = "out of memory";
        return;
    }
    uint64_t cold = call_once(replayer, c, outcome->level, COLD_POISON, &replayer->cold);
    uint64_t warm = call_once(replayer, c, outcome->level, WARM_POISON, &replayer->warm);
    outcome->repetition = relate(&replayer->cold, &replayer->warm, cold == warm);
    if (!replayer->cold.passed && replayer->case_count > 0 &&
        passes_on_a_fresh_handle(replayer, c, outcome->level))
        outcome->repetition = WHT_FRESH_PASSES;
    outcome->result =
        outcome->repetition == WHT_ONLY_WARM_FAILS ? &replayer->warm : &replayer->cold;
    bool passed = outcome->repetition == WHT_SAME && replayer->cold.passed;
    outcome->kind = passed ? WHT_CASE_PASSED : WHT_CASE_FAILED;
    replayer->case_count++;
    outcome->judged = 1u << outcome->level;
    outcome->passed = (unsigned)passed << outcome->level;
    judge_weaker(replayer, c, outcome);
}
