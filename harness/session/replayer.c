/* SPDX-License-Identifier: MIT */
#include "replayer.h"

#include <stdio.h>
#include <stdlib.h>

#include "callbacks.h"
#include "diff.h"
#include "judge.h"

/* Poisons that are flipped. */
#define COLD 0
#define WARM WHT_FLIP_ALL

struct wht_replayer {
    struct wht_handles handles;
    struct wht_judge judge;
    struct wht_result cold;
    struct wht_result warm;
    struct wht_result weaker;
    bool keeps_handle;   /* for good */
    uint64_t case_count; /* run so far, all with these handles */
};

static bool is_preview(const struct wht_case *c)
{
    return c->api == WHT_API_PREVIEW;
}

struct wht_replayer *wht_replayer_open(const struct wht_backend *backend, char *error)
{
    struct wht_replayer *replayer = calloc(1, sizeof(*replayer));
    if (!replayer) {
        snprintf(error, WHT_BACKEND_ERROR_MAX, "out of memory");
        return NULL;
    }
    if (!wht_handles_open(&replayer->handles, backend, &wht_session_callbacks, error)) {
        wht_replayer_close(replayer);
        return NULL;
    }
    return replayer;
}

void wht_replayer_keep_handle(struct wht_replayer *replayer)
{
    replayer->keeps_handle = true;
}

void wht_replayer_close(struct wht_replayer *replayer)
{
    if (!replayer)
        return;
    if (replayer->keeps_handle)
        wht_handles_keep(&replayer->handles);
    wht_handles_close(&replayer->handles);
    wht_judge_free(&replayer->judge);
    free(replayer);
}

/* Returns a digest of all that can be observed of the call at this level. */
static uint64_t call_once(struct wht_replayer *replayer, const struct wht_case *c,
                          enum wht_match level, unsigned flipped, struct wht_result *result)
{
    struct wht_judge *judge = &replayer->judge;
    if (!wht_judge_call(judge, &replayer->handles, level, flipped, result))
        return 0;
    wht_judge_end(judge);
    result->reason[0] = 0;
    if (!result->passed && result->hr == S_OK &&
        (WHV_EMULATOR_STATUS){.AsUINT32 = result->status}.InternalEmulationFailure)
        wht_invoke_reason(&replayer->handles, c, result->reason, sizeof(result->reason));
    return wht_final_digest(judge);
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
    struct wht_handles kept = replayer->handles;
    if (!wht_handles_open(&replayer->handles, kept.backend, &wht_session_callbacks, NULL)) {
        replayer->handles = kept;
        return false;
    }
    call_once(replayer, c, level, COLD, &replayer->weaker);
    wht_handles_close(&replayer->handles);
    replayer->handles = kept;
    return replayer->weaker.passed;
}

static void judge_weaker(struct wht_replayer *replayer, const struct wht_case *c,
                         struct wht_case_result *outcome)
{
    for (int level = (int)outcome->level - 1; level >= WHT_MATCH_EFFECTS; level--) {
        call_once(replayer, c, (enum wht_match)level, WARM, &replayer->weaker);
        outcome->judged |= 1u << level;
        outcome->passed |= (unsigned)replayer->weaker.passed << level;
    }
}

void wht_replay(struct wht_replayer *replayer, const struct wht_case *c, enum wht_match level,
                struct wht_case_result *outcome)
{
    *outcome = (struct wht_case_result){.kind = WHT_CASE_SKIPPED,
                                        .level = level < c->match ? level : c->match};
    if (is_preview(c) && !replayer->handles.preview) {
        outcome->reason = "the emulator does not export the preview functions";
        return;
    }
    if (!wht_judge_load(&replayer->judge, c)) {
        outcome->kind = WHT_CASE_FAILED;
        outcome->reason = "out of memory";
        return;
    }
    uint64_t cold = call_once(replayer, c, outcome->level, COLD, &replayer->cold);
    uint64_t warm = call_once(replayer, c, outcome->level, WARM, &replayer->warm);
    outcome->repetition = relate(&replayer->cold, &replayer->warm, cold == warm);
    if (!replayer->cold.passed && replayer->case_count > 0 && !replayer->keeps_handle &&
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
    outcome->unaligned = replayer->judge.unaligned;
    if (c->todo.count > 0) { /* what it expects is not all that it should */
        outcome->kind = WHT_CASE_FAILED;
        outcome->passed = 0;
    }
}
