/* SPDX-License-Identifier: MIT */
#include "pool_losses.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/platform.h"
#include "lost_frames.h"
#include "session/result.h"

/*
 * When to give up: so many crashes, or a quarter of them in timeouts, before any case has passed.
 */
#define LOSSES_MAX     20u
#define TIMEOUT_WEIGHT 4u

void wht_pool_fill(struct wht_pool *pool)
{
    wht_pool_fill_arguments(&pool->arguments, pool->options, pool->keeps_handle,
                            pool->has_given_up ? pool->not_run : NULL);
}

/* Gives up if the emulator is lost in case after case and passes none. */
static void count_loss(struct wht_pool *pool, const struct wht_pool_worker *w, bool is_known)
{
    if (is_known || pool->has_passed || pool->has_given_up)
        return;
    pool->losses += w->is_timed_out ? TIMEOUT_WEIGHT : 1;
    pool->crashes += !w->is_timed_out;
    pool->timeouts += w->is_timed_out;
    if (!pool->options->gives_up || pool->losses < LOSSES_MAX)
        return;
    pool->has_given_up = true;
    snprintf(pool->not_run, sizeof(pool->not_run), "the emulator %s in %u cases and passed none",
             pool->timeouts == 0  ? "crashed"
             : pool->crashes == 0 ? "timed out"
                                  : "crashed or timed out",
             pool->crashes + pool->timeouts);
    snprintf(pool->message, WHT_POOL_MESSAGE_MAX, "%s: %s; the others were not run",
             pool->options->emulator, pool->not_run);
}

/* @return false if what the worker announced is no case of its chunk. */
static bool add_lost_case(struct wht_pool *pool, struct wht_pool_worker *w,
                          const struct wht_lost *lost)
{
    struct wht_begin_frame begin;
    struct wht_text *out = &w->chunk->frames;
    if (!wht_get_begin_frame(w->begun.text, w->begun.size, &begin) ||
        begin.ordinal < w->chunk->resume || begin.ordinal >= w->chunk->to)
        return false;
    if (pool->options->work == WHT_WORK_JUDGE)
        wht_lost_case_frame(out, &begin, lost, (wht_now_ms() - w->heard_ms) * 1000,
                            pool->options->wants_detail);
    else
        wht_lost_made_frame(out, &begin, lost);
    w->chunk->resume = begin.ordinal + 1;
    count_loss(pool, w, begin.is_expected_loss);
    return true;
}

static void lose_chunk(struct wht_pool *pool, struct wht_pool_worker *w,
                       const struct wht_lost *lost)
{
    struct wht_chunk *chunk = w->chunk;
    bool was_case = chunk->is_careful && w->has_begun && add_lost_case(pool, w, lost);
    if (chunk->is_careful && !was_case) {
        wht_lost_error_frame(&chunk->frames, pool->schedule.files->paths[chunk->file], lost);
        wht_schedule_done(&pool->schedule, chunk, true);
    } else if (chunk->resume >= chunk->to) {
        wht_schedule_done(&pool->schedule, chunk, false);
    } else {
        chunk->is_careful = true;
        wht_schedule_retry(chunk);
    }
    w->chunk = NULL;
}

void wht_pool_blame(struct wht_pool *pool, const char *function, const char *when,
                    const struct wht_lost *lost)
{
    struct wht_text text = {.text = NULL};
    if (*pool->message)
        return;
    wht_text_addf(&text, "%s: ", pool->options->emulator);
    wht_text_add_clean(&text, function);
    wht_text_add(&text, *function ? " " : "");
    wht_lost_end(&text, lost);
    snprintf(pool->message, WHT_POOL_MESSAGE_MAX, "%s%s", wht_text_get(&text), when);
    wht_text_free(&text);
}

/* Destroy, or Create of a second handle, is no case's doing: its case is run again by a worker that
 * calls neither. */
static bool is_about_handles(struct wht_pool *pool, struct wht_pool_worker *w,
                             const struct wht_lost *lost)
{
    uint32_t doing = lost->progress.doing;
    if ((doing != WHT_DOING_CREATE && doing != WHT_DOING_DESTROY) || pool->keeps_handle)
        return false;
    wht_pool_blame(pool, lost->progress.function,
                   doing == WHT_DOING_CREATE ? "; it was to create a second handle" : "", lost);
    pool->keeps_handle = true;
    wht_pool_fill(pool);
    if (w->chunk)
        wht_schedule_retry(w->chunk);
    w->chunk = NULL;
    return true;
}

void wht_pool_check_destroyed(struct wht_pool *pool, const struct wht_lost *lost)
{
    if (*pool->message || lost->progress.destroy_result == 0)
        return;
    snprintf(pool->message, WHT_POOL_MESSAGE_MAX,
             "%s: WHvEmulatorDestroyEmulator returned 0x%08" PRIx32 ": %s", pool->options->emulator,
             lost->progress.destroy_result, wht_rule_text(WHT_RULE_DESTROY));
}

void wht_pool_conclude_loss(struct wht_pool *pool, struct wht_pool_worker *w)
{
    struct wht_lost lost;
    wht_lost_take(&lost, w->process, w->is_timed_out, pool->options->timeout_ms);
    w->process = NULL;
    if (wht_is_interrupted() || pool->has_emulator_failed)
        return;
    if (!w->is_ready) {
        pool->has_emulator_failed = true;
        *pool->message = 0;
        if (w->is_timed_out)
            snprintf(lost.left.how, sizeof(lost.left.how), "did not come to an end");
        lost.is_timed_out = false;
        if (w->is_timed_out)
            lost.progress.has_crashed = 0;
        wht_pool_blame(pool, lost.progress.doing == WHT_DOING_CREATE ? lost.progress.function : "",
                       lost.progress.doing == WHT_DOING_CREATE ? "" : " while it was loaded",
                       &lost);
        return;
    }
    wht_pool_check_destroyed(pool, &lost);
    if (!is_about_handles(pool, w, &lost) && w->chunk)
        lose_chunk(pool, w, &lost);
}
